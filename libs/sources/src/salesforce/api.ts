import {
  RefusedRequest,
  type ApiAnswer,
  type ApiDescription,
  type ApiFailure,
  type ApiQuota,
  type OAuth,
} from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';
import type { SalesforceAuth, SalesforceConfig } from './config.js';
import { keepSession } from './session.js';

/** The limit is one of the last 24 hours: every call that they forget is one that may be made. */
const DAY_LIMIT_WAIT_MS = 900_000;

/** How the API is reached: below the `instance_url` of each token. */
export function describeApi(config: SalesforceConfig): ApiDescription {
  const loginUrl = config.auth.loginUrl.replace(/\/$/, '');
  return {
    title: 'Salesforce',
    baseUrl: loginUrl,
    auth: {
      kind: 'oauth2',
      tokenUrl: `${loginUrl}/services/oauth2/token`,
      clientId: config.auth.clientId,
      ...(config.auth.clientSecret !== undefined && { clientSecret: config.auth.clientSecret }),
      grant: grantOf(config.auth, loginUrl),
      baseUrlOf: (token) => keepSession(config, token),
    },
    limits: config.rateLimit,
    timeoutMs: config.timeoutMs,
    headers: { 'sforce-call-options': `client=${config.clientName}` },
    readQuota,
    explain: explainFailure,
  };
}

function grantOf(auth: SalesforceAuth, loginUrl: string): OAuth['grant'] {
  switch (auth.grant) {
    case 'client_credentials':
      return { type: 'client_credentials' };
    case 'refresh_token':
      return { type: 'refresh_token', refreshToken: auth.refreshToken ?? '' };
    case 'jwt-bearer':
      return {
        type: 'jwt-bearer',
        privateKeyPem: auth.privateKey ?? '',
        subject: auth.username ?? '',
        audience: auth.audience ?? loginUrl,
      };
  }
}

/** `Sforce-Limit-Info: api-usage=18/15000` */
export function readQuota({ headers }: ApiAnswer): ApiQuota | undefined {
  const [, used, limit] = /(?:^|[\s;,])api-usage=(\d+)\/(\d+)/.exec(headers['sforce-limit-info'] ?? '') ?? [];
  if (used === undefined || limit === undefined) return undefined;
  return { dailyRemaining: Math.max(0, Number(limit) - Number(used)), dailyLimit: Number(limit) };
}

/** What the status alone does not say. `message` is free text and may hold values: it is never repeated. */
export function explainFailure({ status, body }: ApiAnswer): ApiFailure | undefined {
  const codes = listErrorCodes(body);
  const what = codes.length === 0 ? '' : `(${codes.join(', ')})`;
  if (codes.includes('REQUEST_LIMIT_EXCEEDED')) return { kind: 'blocked', what, retryAfterMs: DAY_LIMIT_WAIT_MS };
  if (status === 401 || codes.includes('INVALID_SESSION_ID')) return { kind: 'unauthorised', what };
  if (status === 403)
    return { kind: 'unavailable', what: `${what}. Give the user of this connection the right to it in Salesforce` };
  return codes.length > 0 && status < 500 ? { kind: 'refused', what } : undefined;
}

/** Whether Salesforce will never take the request for this reason. */
export function isRefusedWith(error: unknown, code: string): boolean {
  return error instanceof RefusedRequest && listErrorCodes(error.body).includes(code);
}

/** Errors are always arrays: `[{errorCode, message, fields}]`. */
function listErrorCodes(body: unknown): string[] {
  const errors = Array.isArray(body) ? (body as unknown[]) : [];
  return errors.flatMap((error) =>
    isObject(error) && typeof error.errorCode === 'string' && /^[A-Z_]{1,80}$/.test(error.errorCode)
      ? [error.errorCode]
      : [],
  );
}
