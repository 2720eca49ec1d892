import type { HandshakeReply, SourceContext, Verification, WebhookRequest } from '@crm-mesh/sdk';
import { equalsInConstantTime, refuseRequest } from '@crm-mesh/sdk/kit';
import type { CloudEventsConfig } from './config.js';

type Context = SourceContext<CloudEventsConfig>;

/** A token in the header or in the query, never in both; then the origin, where it is required. */
export function verifyCloudEvents(request: WebhookRequest, { config }: Context): Verification {
  const header = request.headers.authorization;
  const query = config.queryToken ? readQueryToken(request.url) : undefined;
  if (header !== undefined && query !== undefined)
    return refuseRequest('credentials-mismatch', 'The request shows a token in the header and another in the query.');
  if (header === undefined && query === undefined)
    return refuseRequest('credentials-missing', 'The header Authorization is missing.');
  const token = header === undefined ? query : /^Bearer +(\S+)$/i.exec(header)?.[1];
  if (token === undefined)
    return refuseRequest('credentials-mismatch', 'The header Authorization is no `Bearer <token>`.');
  // Every token is compared, so that the time tells not which one it was.
  if (!config.tokens.map((expected) => equalsInConstantTime(token, expected)).includes(true)) {
    return refuseRequest('credentials-mismatch', 'The token is none of those configured.');
  }
  const origin = request.headers['webhook-request-origin'];
  if (config.requireOrigin && !isAllowed(origin, config)) {
    return refuseRequest(
      'origin-not-allowed',
      'The header WebHook-Request-Origin is missing, or not in `allowedOrigins`.',
    );
  }
  return { ok: true, scheme: header === undefined ? 'access-token' : 'bearer' };
}

/**
 * Grants or withholds delivery at once. The callback that a sender may name is never called: anybody could make us
 * fetch any address. Who is to be let in later is added to `allowedOrigins`, and asks again.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection
 */
export function answerHandshake(request: WebhookRequest, { config, log }: Context): HandshakeReply {
  if (config.allowedOrigins === undefined) return { status: 405, headers: { allow: 'POST' } };
  const origin = request.headers['webhook-request-origin'];
  if (!origin) return { status: 400, headers: {} };
  if (!isAllowed(origin, config)) {
    log.info({ origin: origin.slice(0, 253) }, 'a sender asked for leave to deliver and is not in `allowedOrigins`');
    return { status: 200, headers: { allow: 'POST' } };
  }
  const rate = grantRate(request.headers['webhook-request-rate'], config.allowedRate);
  return {
    status: 200,
    headers: {
      allow: 'POST',
      'webhook-allowed-origin': config.allowedOrigins.includes('*') ? '*' : origin,
      ...(rate !== undefined && { 'webhook-allowed-rate': rate }),
    },
  };
}

function grantRate(asked: string | undefined, allowed: number | undefined): string | undefined {
  if (asked === undefined) return undefined;
  if (allowed === undefined) return '*';
  return String(/^[1-9]\d{0,8}$/.test(asked) ? Math.min(Number(asked), allowed) : allowed);
}

function isAllowed(origin: string | undefined, { allowedOrigins = [] }: CloudEventsConfig): boolean {
  if (!origin) return false;
  const name = origin.toLowerCase();
  return allowedOrigins.some((allowed) => allowed === '*' || allowed.toLowerCase() === name);
}

function readQueryToken(url: string): string | undefined {
  const query = url.indexOf('?');
  return query === -1 ? undefined : (new URLSearchParams(url.slice(query)).get('access_token') ?? undefined);
}
