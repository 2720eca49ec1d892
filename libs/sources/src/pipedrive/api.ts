import type { ApiAnswer, ApiDescription, ApiFailure, ApiQuota, ApiRequest } from '@crm-mesh/sdk';
import type { PipedriveConfig } from './config.js';

/** The day's tokens come back at midnight of a server whose zone we do not know: ask again every hour. */
const DAILY_WAIT_MS = 3_600_000;
/** Pipedrive counts bursts in windows of 2 s. */
const BURST_WAIT_MS = 2_000;
/** After Cloudflare stepped in; it does not say for how long. */
const CLOUDFLARE_WAIT_MS = 60_000;

export function describeApi(config: PipedriveConfig): ApiDescription {
  const { apiUrl, companyDomain, rateLimit, timeoutMs } = config;
  const host = companyDomain === undefined ? 'api' : companyDomain;
  return {
    title: 'Pipedrive',
    baseUrl: (apiUrl ?? `https://${host}.pipedrive.com`).replace(/\/+$/, ''),
    auth: authOf(config),
    limits: { ...rateLimit },
    timeoutMs,
    readQuota,
    explain,
  };
}

function authOf({ apiToken, oauth }: PipedriveConfig): ApiDescription['auth'] {
  if (oauth === undefined) return { kind: 'header', name: 'x-api-token', value: apiToken ?? '' };
  const { clientId, clientSecret, refreshToken, tokenUrl } = oauth;
  return {
    kind: 'oauth2',
    tokenUrl,
    clientId,
    clientSecret,
    clientAuth: 'basic',
    grant: { type: 'refresh_token', refreshToken },
    baseUrlOf: ({ api_domain: domain }) => (typeof domain === 'string' ? domain : undefined),
  };
}

/** Bursts are counted in requests, the day in tokens (a read 1 or 2, a page of a list 10 or 20). */
export function readQuota({ headers }: ApiAnswer): ApiQuota {
  return {
    ...readNumber('remaining', headers['x-ratelimit-remaining']),
    ...readNumber('dailyRemaining', headers['x-daily-ratelimit-token-remaining']),
    ...readNumber('dailyLimit', headers['x-daily-ratelimit-token-limit']),
  };
}

function readNumber(name: keyof ApiQuota, text: string | undefined): ApiQuota {
  return text !== undefined && /^\d+$/.test(text) ? { [name]: Number(text) } : {};
}

/** Who goes on asking after 429 gets 403 from Cloudflare, with a page of HTML: over a limit, and no right was lost. */
export function explain(answer: ApiAnswer, _request: ApiRequest): ApiFailure | undefined {
  const { status, headers, body } = answer;
  if (status === 403 && body === undefined) {
    return { kind: 'blocked', what: 'Cloudflare holds our requests back', retryAfterMs: CLOUDFLARE_WAIT_MS };
  }
  if (status === 403) {
    return { kind: 'unavailable', what: 'the token’s user lacks a permission. Grant it in Pipedrive' };
  }
  if (status !== 429) return undefined;
  if (readQuota(answer).dailyRemaining === 0) {
    return { kind: 'blocked', what: 'the day’s tokens are used up', retryAfterMs: DAILY_WAIT_MS };
  }
  const seconds = Number(headers['retry-after'] ?? headers['x-ratelimit-reset']);
  const retryAfterMs = seconds > 0 ? Math.ceil(seconds * 1_000) : BURST_WAIT_MS;
  return { kind: 'blocked', what: 'over the limit of requests in 2 s', retryAfterMs };
}
