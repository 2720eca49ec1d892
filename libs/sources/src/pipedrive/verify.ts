import type { SourceContext, Verification, WebhookRequest } from '@crm-mesh/sdk';
import { equalsInConstantTime, refuseRequest } from '@crm-mesh/sdk/kit';
import type { PipedriveConfig } from './config.js';

/** HTTP Basic (RFC 7617), which is all that Pipedrive's webhooks have: nothing proves the body. */
export function verifyPipedrive(request: WebhookRequest, { config }: SourceContext<PipedriveConfig>): Verification {
  const header = request.headers.authorization;
  if (header === undefined) return refuseRequest('credentials-missing', 'The header Authorization is missing.');
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header.trim())?.[1];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon === -1)
    return refuseRequest('credentials-mismatch', 'The header Authorization is no `Basic <user:password>`.');
  // The password may hold colons. Everything is compared, so that the time tells not what was wrong.
  const [user, password] = [text.slice(0, colon), text.slice(colon + 1)];
  const isUser = equalsInConstantTime(user, config.webhookUser);
  const isPassword = config.webhookPasswords.map((own) => equalsInConstantTime(password, own)).includes(true);
  if (isUser && isPassword) return { ok: true, scheme: 'basic' };
  return refuseRequest('credentials-mismatch', 'The user or the password is not the one configured.');
}
