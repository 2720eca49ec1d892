import { MeshError, notificationMessageId, rawSubject, type Notification } from '@crm-mesh/contract';
import type { OutgoingMessage } from '@crm-mesh/jetstream';
import type { NotificationDraft } from '@crm-mesh/sdk';
import type { Connection } from '../connections/connections.js';
import { NOTIFICATION_HEADERS } from '../outbox/outbox.js';

/** What the server's limit must hold beside the payload: subject and headers. */
const HEADROOM_BYTES = 2_048;

/** How a sign came, and what proves it. */
export type Proof = Pick<Notification, 'origin' | 'receivedAt' | 'verifiedBy'>;

export function toNotification(
  draft: NotificationDraft,
  { tenant, name }: Pick<Connection, 'tenant' | 'name'>,
  proof: Proof,
): Notification {
  return { ...draft, tenant, connection: name, ...proof };
}

/** Throws a MeshError that begins with `where` for what could never be stored. */
export function toMessage(
  notification: Notification,
  where: string,
  { maxPayloadBytes }: { maxPayloadBytes: number },
): OutgoingMessage {
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
