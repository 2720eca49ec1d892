import { MeshError } from '@crm-mesh/contract';
import type { Verification, VerificationFailure, WebhookRequest } from '@crm-mesh/sdk';
import { readMediaType } from '@crm-mesh/sdk/kit';
import type { Connection } from '../connections/connections.js';
import { toMessage, toNotification } from '../notifications/to-message.js';
import type { Intake, Taken } from '../outbox/intake.js';
import type { Shown } from './access.js';

export interface ReceiveOptions {
  intake: Pick<Intake, 'maxPayloadBytes' | 'take'>;
  now(): number;
}

export interface Received extends Taken {
  notifications: number;
}

/** The sender is told nothing more; the operator's log says what failed. */
export class NotVerified extends MeshError {
  constructor(
    readonly failure: VerificationFailure,
    code: 'MESH_WEBHOOK_REFUSED' | 'MESH_WEBHOOK_FORBIDDEN' = 'MESH_WEBHOOK_REFUSED',
  ) {
    super(
      code,
      code === 'MESH_WEBHOOK_REFUSED' ? 'The request could not be verified.' : 'This origin may not deliver.',
    );
  }
}

/** Proves, splits and stores a request. Returns only when every notification is safe; throws a {@link MeshError}. */
export async function receiveWebhook(
  request: WebhookRequest,
  { connection, shown }: { connection: Connection; shown: Shown },
  options: ReceiveOptions,
): Promise<Received> {
  const { source, context } = connection;
  if (!source.split) {
    throw new MeshError('MESH_CONNECTION_UNKNOWN', 'This connection takes no webhooks.');
  }
  const admitted = insist(connection.access(shown));
  checkMediaType(request, connection);
  // Without a signature, what was shown is the proof: the start refuses a connection that wants neither.
  const { scheme } = source.verify ? insistOnProof(source.verify(request, context)) : admitted;
  const receivedAt = new Date(options.now()).toISOString();
  const drafts = source.split(request, context);
  const notifications = drafts.map((draft) =>
    toNotification(draft, connection, { origin: 'webhook', receivedAt, verifiedBy: scheme }),
  );
  const messages = notifications.map((notification, index) =>
    toMessage(notification, `Item ${index + 1} of the request`, options.intake),
  );
  return { notifications: notifications.length, ...(await options.intake.take(messages)) };
}

/** Throws {@link NotVerified}. */
export function insist(verification: Verification): Extract<Verification, { ok: true }> {
  if (!verification.ok) throw new NotVerified(verification.code);
  return verification;
}

/** A source looks at the origin after the proof: who is known may be told that it is not let in. */
function insistOnProof(verification: Verification): Extract<Verification, { ok: true }> {
  if (verification.ok || verification.code !== 'origin-not-allowed') return insist(verification);
  throw new NotVerified(verification.code, 'MESH_WEBHOOK_FORBIDDEN');
}

function checkMediaType(request: WebhookRequest, { source }: Connection): void {
  const accepted = source.mediaTypes ?? ['application/json'];
  // '*': the source looks for itself.
  if (accepted.includes('*') || accepted.includes(readMediaType(request.headers['content-type']))) return;
  throw new MeshError('MESH_MEDIA_TYPE_UNSUPPORTED', `This connection reads ${accepted.join(', ')}.`);
}
