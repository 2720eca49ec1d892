import { deadSubject } from '@crm-mesh/contract';
import { PublishError, type Nats } from '@crm-mesh/jetstream';
import type { DeadLetter } from './dead-letter.js';
import type { Held } from './lane.js';
import { findStored, isStored } from './is-stored.js';
import { keepAttempts, shortenError, type ErrorInfo } from './outcome.js';
import { markOf } from './done.js';
import type { CopyMark } from './redriven-copy.js';

const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}/;

/** The same burial always has the same message id, and the same place. */
function nameLetter(consumer: string, held: Held): { subject: string; messageId: string } {
  return { subject: deadSubject(consumer, held.item.subject), messageId: `dead:${consumer}:${held.key}` };
}

/** Whether it lies in CRM_DEAD: the process was killed before it could settle the message. */
export function isBuried(nats: Nats, consumer: string, held: Held): Promise<boolean> {
  return isStored(nats, 'CRM_DEAD', nameLetter(consumer, held));
}

/** Publishes the dead letter, unless it is there from a former life; resolves to its sequence on PubAck. */
export async function publishDeadLetter(
  nats: Nats,
  held: Held,
  about: { consumer: string; version: string; error: ErrorInfo; nowMs: number },
): Promise<number> {
  const there = await findStored(nats, 'CRM_DEAD', nameLetter(about.consumer, held));
  if (there !== undefined) return there;
  const letter = createDeadLetter(held, about);
  const message = { ...nameLetter(about.consumer, held), headers: { 'content-type': 'application/json' } };
  try {
    return (await nats.publish({ ...message, payload: JSON.stringify(letter) })).sequence;
  } catch (error) {
    if (!(error instanceof PublishError) || error.retryClass !== 'permanent') throw error;
    // Too large with its payload: that is still in its stream, under the sequence that the letter names.
    const { payload: _payload, payloadText: _text, payloadBase64: _base64, ...original } = letter.original;
    return (await nats.publish({ ...message, payload: JSON.stringify({ ...letter, original }) })).sequence;
  }
}

export function createDeadLetter(
  held: Held,
  about: { consumer: string; version: string; error: ErrorInfo; nowMs: number },
): DeadLetter {
  const { item, ref } = held;
  const mark = markOf(held);
  const { stream, incarnation, sequence } = mark ?? ref;
  const traceparent = held.message?.header('traceparent');
  const traceId = TRACEPARENT.exec(traceparent ?? '')?.[1];
  return {
    consumer: about.consumer,
    version: about.version,
    buriedAt: new Date(about.nowMs).toISOString(),
    error: shortenError(about.error),
    attempts: keepAttempts(held.history),
    attemptCount: held.attempts,
    ...(traceId ? { traceId } : {}),
    original: {
      ...{ stream, incarnation, subject: item.subject, sequence },
      storedAt: mark?.storedAt ?? new Date(item.storedAtMs).toISOString(),
      ...(traceId ? { traceparent } : {}),
      ...describePayload(item.data),
    },
    ...(mark ? { copy: describePlace(ref, mark) } : {}),
  };
}

function describePlace({ incarnation, sequence }: Held['ref'], { by, patch }: CopyMark): DeadLetter['copy'] {
  return { incarnation, sequence, by, ...(patch ? { patch } : {}) };
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

/** The payload that was buried, from the letter or else from its stream; undefined when it is gone. */
export async function readPayload(nats: Nats, { original, copy }: DeadLetter): Promise<Uint8Array | undefined> {
  const repeated = restorePayload(original);
  if (repeated) return repeated;
  const { stream, incarnation, sequence } = copy ? { stream: 'CRM_DIRECT', ...copy } : original;
  // A stream that was made anew holds another message there.
  if ((await nats.streamState(stream)).incarnation !== incarnation) return undefined;
  return (await nats.getMessage(stream, sequence))?.data;
}
