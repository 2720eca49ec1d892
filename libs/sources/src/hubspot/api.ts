import { Unavailable, type ApiAnswer, type ApiDescription, type ApiFailure, type SourceContext } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';
import type { HubspotConfig } from './config.js';

interface HubspotRequest {
  method: 'GET' | 'POST';
  /** Below the API's address, e.g. `/crm/v3/objects/deals/batch/read`. */
  path: string;
  body?: unknown;
}

/** HubSpot's API, as answers that are known to be JSON. */
export interface HubspotApi {
  /** Answers 2xx bodies. */
  request(request: HubspotRequest): Promise<unknown>;
}

/**
 * By the first word of the limit's name. The daily one ends at midnight in the portal's time zone, which we do not know:
 * ask again every hour. That of search is over in a second.
 */
const WAIT_MS: Readonly<Record<string, number>> = { DAILY: 3_600_000, SECONDLY: 1_000 };
const SHORT_LIMIT_WAIT_MS = 10_000;

/** How HubSpot's API is reached. */
export function describeApi(config: HubspotConfig): ApiDescription {
  const { apiUrl, accessToken, rateLimit, timeoutMs } = config;
  return {
    title: 'HubSpot',
    baseUrl: apiUrl,
    auth: { kind: 'bearer', token: accessToken },
    limits: rateLimit,
    timeoutMs,
    readQuota,
    explain,
  };
}

export function apiOf({ api }: SourceContext<HubspotConfig>): HubspotApi {
  return {
    request: async ({ method, path, body }) => {
      const answer = await api.request({ method, path, ...(body !== undefined && { json: body }) });
      if (answer.body !== undefined) return answer.body;
      throw new Unavailable(`HubSpot answered ${method} ${path} with something that is no JSON: is \`apiUrl\` right?`);
    },
  };
}

const QUOTA_HEADERS = {
  remaining: 'x-hubspot-ratelimit-remaining',
  dailyRemaining: 'x-hubspot-ratelimit-daily-remaining',
  dailyLimit: 'x-hubspot-ratelimit-daily',
} as const;

function readQuota({ headers }: ApiAnswer): Record<string, number> {
  return Object.fromEntries(
    Object.entries(QUOTA_HEADERS).flatMap(([name, header]) => {
      const text = headers[header] ?? '';
      return /^\d+$/.test(text) ? [[name, Number(text)] as const] : [];
    }),
  );
}

function explain({ status, body }: ApiAnswer): ApiFailure | undefined {
  if (status === 429) return explainLimit(body);
  if (status === 401) {
    const what = 'the access token is wrong or was revoked. Set `accessToken` of this connection anew.';
    return { kind: 'unauthorised', what };
  }
  if (status === 403) {
    const what = `the access token lacks a scope${listScopes(body)}. Grant it to the app in HubSpot.`;
    return { kind: 'unavailable', what };
  }
  if (status >= 500 || status === 408) return undefined;
  return { kind: 'refused', what: isObject(body) && typeof body.category === 'string' ? `(${body.category})` : '' };
}

function explainLimit(body: unknown): ApiFailure {
  const policy = isObject(body) && typeof body.policyName === 'string' ? body.policyName : 'unknown policy';
  const retryAfterMs = WAIT_MS[policy.split('_')[0]!] ?? SHORT_LIMIT_WAIT_MS;
  return { kind: 'blocked', what: `rate limit ${policy}.`, retryAfterMs };
}

function listScopes(body: unknown): string {
  const errors = isObject(body) && Array.isArray(body.errors) ? (body.errors as unknown[]) : [];
  const scopes = errors.flatMap((error) => {
    const context = isObject(error) && isObject(error.context) ? error.context : {};
    const required = context.requiredGranularScopes ?? context.requiredScopes;
    return Array.isArray(required) ? required.map(String) : [];
  });
  return scopes.length === 0 ? '' : ` (${[...new Set(scopes)].join(', ')})`;
}
