import type { SourceContext, Verification, WebhookRequest } from '@crm-mesh/sdk';
import { equalsInConstantTime, readBasic, refuseRequest } from '@crm-mesh/sdk/kit';
import type { PipedriveConfig } from './config.js';

/** HTTP Basic (RFC 7617), which is all that Pipedrive's webhooks have: nothing proves the body. */
export function verifyPipedrive(request: WebhookRequest, { config }: SourceContext<PipedriveConfig>): Verification {
  const header = request.headers.authorization;
  if (header === undefined) return refuseRequest('credentials-missing', 'The header Authorization is missing.');
  const shown = readBasic(header);
  if (!shown) return refuseRequest('credentials-mismatch', 'The header Authorization is no `Basic <user:password>`.');
  // Everything is compared, so that the time tells not what was wrong.
  const isUser = equalsInConstantTime(shown.user, config.webhookUser);
  const isPassword = config.webhookPasswords.map((own) => equalsInConstantTime(shown.password, own)).includes(true);
  if (isUser && isPassword) return { ok: true, scheme: 'basic' };
  return refuseRequest('credentials-mismatch', 'The user or the password is not the one configured.');
}
