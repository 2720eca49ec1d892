import { deadSubject } from '@crm-mesh/contract';
import { PublishError, type Nats } from '@crm-mesh/jetstream';
import type { DeadLetter } from './dead-letter.js';
import type { Held } from './lane.js';
import type { ErrorInfo } from './outcome.js';

/** Of many attempts the newest are kept. */
const KEPT_ATTEMPTS = 10;
const KEPT_ERROR_CHARACTERS = 4_000;

/** Publishes the dead letter and awaits its PubAck; the same burial always has the same message id. */
export async function publishDeadLetter(
  nats: Nats,
  held: Held,
  about: { consumer: string; version: string; error: ErrorInfo; nowMs: number },
): Promise<void> {
  const letter = createDeadLetter(held, about);
  const message = {
    subject: deadSubject(about.consumer, held.item.subject),
    messageId: `dead:${about.consumer}:${held.key}`,
    headers: { 'content-type': 'application/json' },
  };
  try {
    await nats.publish({ ...message, payload: JSON.stringify(letter) });
  } catch (error) {
    if (!(error instanceof PublishError) || error.retryClass !== 'permanent') throw error;
    // Too large with its payload: that is still in its stream, under the sequence that the letter names.
    const { payload: _payload, payloadText: _text, payloadBase64: _base64, ...original } = letter.original;
    await nats.publish({ ...message, payload: JSON.stringify({ ...letter, original }) });
  }
}

export function createDeadLetter(
  held: Held,
  about: { consumer: string; version: string; error: ErrorInfo; nowMs: number },
): DeadLetter {
  const { item, ref } = held;
  return {
    consumer: about.consumer,
    version: about.version,
    buriedAt: new Date(about.nowMs).toISOString(),
    error: shorten(about.error),
    attempts: held.history.slice(-KEPT_ATTEMPTS).map(({ at, error }) => ({ at, error: shorten(error) })),
    attemptCount: held.attempts,
    original: {
      stream: ref.stream,
      incarnation: ref.incarnation,
      subject: item.subject,
      sequence: ref.sequence,
      storedAt: new Date(item.storedAtMs).toISOString(),
      ...describePayload(item.data),
    },
  };
}

/** JSON where it comes back to the byte, so that people can read it; else as text or, at last, base64. */
export function describePayload(
  data: Uint8Array,
): Pick<DeadLetter['original'], 'payload' | 'payloadText' | 'payloadBase64'> {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
  const text = bytes.toString('utf8');
  if (!bytes.equals(Buffer.from(text))) return { payloadBase64: bytes.toString('base64') };
  try {
    const payload: unknown = JSON.parse(text);
    if (JSON.stringify(payload) === text) return { payload };
  } catch {
    // not JSON
  }
  return { payloadText: text };
}

/** The inverse of {@link describePayload}; undefined when the letter does not repeat the payload. */
export function restorePayload(original: DeadLetter['original']): Uint8Array | undefined {
  if (original.payloadBase64 !== undefined) return Buffer.from(original.payloadBase64, 'base64');
  if (original.payloadText !== undefined) return Buffer.from(original.payloadText);
  if (original.payload !== undefined) return Buffer.from(JSON.stringify(original.payload));
  return undefined;
}

function shorten(error: ErrorInfo): ErrorInfo {
  return {
    ...error,
    message: error.message.slice(0, KEPT_ERROR_CHARACTERS),
    ...(error.stack ? { stack: error.stack.slice(0, KEPT_ERROR_CHARACTERS) } : {}),
  };
}
