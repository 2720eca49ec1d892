import { MeshError, notificationMessageId, rawSubject, type Notification } from '@crm-mesh/contract';
import type { OutgoingMessage } from '@crm-mesh/jetstream';
import type { NotificationDraft, Verification, VerificationFailure, WebhookRequest } from '@crm-mesh/sdk';
import { readMediaType } from '@crm-mesh/sdk/kit';
import type { Connection } from '../connections/connections.js';
import type { Intake, Taken } from '../outbox/intake.js';
import { NOTIFICATION_HEADERS } from '../outbox/outbox.js';
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
  constructor(readonly failure: VerificationFailure) {
    super('MESH_WEBHOOK_REFUSED', 'The request could not be verified.');
  }
}

/** What the server's limit must hold beside the payload: subject and headers. */
const HEADROOM_BYTES = 2_048;

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
  const { scheme } = source.verify ? insist(source.verify(request, context)) : admitted;
  const receivedAt = new Date(options.now()).toISOString();
  const drafts = source.split(request, context);
  const notifications = drafts.map((draft) => toNotification(draft, connection, { receivedAt, verifiedBy: scheme }));
  const messages = notifications.map((notification, index) => toMessage(notification, index, options.intake));
  return { notifications: notifications.length, ...(await options.intake.take(messages)) };
}

/** Throws {@link NotVerified}. */
export function insist(verification: Verification): Extract<Verification, { ok: true }> {
  if (!verification.ok) throw new NotVerified(verification.code);
  return verification;
}

function checkMediaType(request: WebhookRequest, { source }: Connection): void {
  const accepted = source.mediaTypes ?? ['application/json'];
  // '*': the source looks for itself.
  if (accepted.includes('*') || accepted.includes(readMediaType(request.headers['content-type']))) return;
  throw new MeshError('MESH_MEDIA_TYPE_UNSUPPORTED', `This connection reads ${accepted.join(', ')}.`);
}

function toNotification(
  draft: NotificationDraft,
  { tenant, name }: Connection,
  proof: Pick<Notification, 'receivedAt' | 'verifiedBy'>,
): Notification {
  return { ...draft, tenant, connection: name, origin: 'webhook', ...proof };
}

/** Refuses what could never be stored before anything is. */
function toMessage(
  notification: Notification,
  index: number,
  { maxPayloadBytes }: Pick<Intake, 'maxPayloadBytes'>,
): OutgoingMessage {
  const where = `Item ${index + 1} of the request`;
  const payload = Buffer.from(JSON.stringify(notification));
  const limit = maxPayloadBytes - HEADROOM_BYTES;
  if (payload.length > limit) {
    const what = `${where} (${notification.entity}) has ${payload.length} bytes as a notification; ${limit} can be stored.`;
    throw new MeshError('MESH_MESSAGE_TOO_LARGE', what);
  }
  try {
    const messageId = notificationMessageId(notification);
    return { subject: rawSubject(notification), payload, messageId, headers: NOTIFICATION_HEADERS };
  } catch (error) {
    if (error instanceof MeshError) throw new MeshError(error.code, `${where}: ${error.what}`, { cause: error });
    throw error;
  }
}
