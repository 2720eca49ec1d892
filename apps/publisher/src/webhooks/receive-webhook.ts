import { MeshError, notificationMessageId, rawSubject, type Notification } from '@crm-mesh/contract';
import { PublishError, type Nats, type OutgoingMessage, type PubAck } from '@crm-mesh/jetstream';
import type { NotificationDraft, VerificationFailure, WebhookRequest } from '@crm-mesh/sdk';
import { readMediaType } from '@crm-mesh/sources';
import type { Connection } from '../connections/connections.js';

export interface ReceiveOptions {
  nats: Nats;
  now(): number;
  /** Longer than that nobody waits for an answer (HubSpot hangs up after 5 s). Default 4 s. */
  deadlineMs?: number;
}

export interface Received {
  notifications: number;
  /** Of these, how many were stored before. */
  duplicates: number;
}

/** The sender is told nothing more; the operator's log says what failed. */
export class NotVerified extends MeshError {
  constructor(readonly failure: VerificationFailure) {
    super('MESH_WEBHOOK_REFUSED', 'The request could not be verified.');
  }
}

/** What the server's limit must hold beside the payload: subject and headers. */
const HEADROOM_BYTES = 2_048;
const DEADLINE_MS = 4_000;

/** Proves, splits and stores a request. Returns only when every notification is stored; throws a {@link MeshError}. */
export async function receiveWebhook(
  request: WebhookRequest,
  connection: Connection,
  options: ReceiveOptions,
): Promise<Received> {
  const { source, context } = connection;
  if (!source.verify || !source.split) {
    throw new MeshError('MESH_CONNECTION_UNKNOWN', 'This connection takes no webhooks.');
  }
  checkMediaType(request, connection);
  const verification = source.verify(request, context);
  if (!verification.ok) throw new NotVerified(verification.code);
  const receivedAt = new Date(options.now()).toISOString();
  const drafts = source.split(request, context);
  const notifications = drafts.map((draft) =>
    toNotification(draft, connection, { receivedAt, verifiedBy: verification.scheme }),
  );
  const messages = notifications.map((notification, index) => toMessage(notification, index, options.nats));
  const acks = await storeAll(messages, options);
  return { notifications: notifications.length, duplicates: acks.filter(({ duplicate }) => duplicate).length };
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
function toMessage(notification: Notification, index: number, nats: Nats): OutgoingMessage {
  const where = `Item ${index + 1} of the request`;
  const payload = Buffer.from(JSON.stringify(notification));
  const limit = nats.maxPayloadBytes - HEADROOM_BYTES;
  if (payload.length > limit) {
    const what = `${where} (${notification.entity}) has ${payload.length} bytes as a notification; ${limit} can be stored.`;
    throw new MeshError('MESH_MESSAGE_TOO_LARGE', what);
  }
  try {
    const messageId = notificationMessageId(notification);
    return { subject: rawSubject(notification), payload, messageId, headers: { 'content-type': 'application/json' } };
  } catch (error) {
    if (error instanceof MeshError) throw new MeshError(error.code, `${where}: ${error.what}`, { cause: error });
    throw error;
  }
}

/** All or an error: the sender repeats what was not answered, and what was stored already is known by its message id. */
async function storeAll(messages: readonly OutgoingMessage[], options: ReceiveOptions): Promise<PubAck[]> {
  const { nats, deadlineMs = DEADLINE_MS } = options;
  if (!nats.connected) throw refuseForNow();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(refuseForNow()), deadlineMs);
  });
  try {
    return await Promise.race([Promise.all(messages.map((message) => nats.publish(message))), late]);
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    if (error.retryClass !== 'permanent') throw refuseForNow(error);
    throw new MeshError('MESH_MESSAGE_INVALID', 'An item of the request can never be stored.', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function refuseForNow(cause?: unknown): MeshError {
  return new MeshError('MESH_NATS_UNAVAILABLE', 'The mesh cannot store notifications at the moment.', {
    cause,
    cure: 'Send the request again after the time that Retry-After names.',
  });
}
