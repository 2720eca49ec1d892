import { auditSubject, directSubject } from '@crm-mesh/contract';
import type { Nats, StoredMessage } from '@crm-mesh/jetstream';
import { restorePayload } from './bury.js';
import type { DeadLetter } from './dead-letter.js';

export interface RedriveRequest {
  consumer: string;
  /** Sequences in CRM_DEAD. */
  sequences: number[];
  /** Who asked; kept in CRM_AUDIT. */
  by: string;
}

export interface RedriveResult {
  redriven: number[];
  /** Not there (any more), of another consumer, or with a payload that is gone. */
  missing: number[];
}

/** The durable through which one consumer gets what is meant for it alone; made at first use. */
export async function ensureDirectDurable(
  nats: Nats,
  consumer: {
    name: string;
    description: string;
    ackWaitMs: number;
    maxAckPending: number;
    metadata: Record<string, string>;
  },
): Promise<void> {
  await nats.ensureDurable({
    stream: 'CRM_DIRECT',
    name: consumer.name,
    description: `${consumer.description} (redrives, repairs and replays)`,
    filterSubject: `direct.${consumer.name}.>`,
    startFrom: 'all',
    ackWaitMs: consumer.ackWaitMs,
    maxAckPending: consumer.maxAckPending,
    metadata: consumer.metadata,
  });
}

/** Sends dead letters to their consumer again, and to it alone. */
export async function redrive(nats: Nats, request: RedriveRequest, nowMs: number): Promise<RedriveResult> {
  const result: RedriveResult = { redriven: [], missing: [] };
  const { incarnation } = await nats.streamState('CRM_DEAD');
  for (const sequence of request.sequences) {
    const stored = await nats.getMessage('CRM_DEAD', sequence);
    const done = stored !== undefined && (await redriveOne(nats, request, { stored, incarnation, nowMs }));
    (done ? result.redriven : result.missing).push(sequence);
  }
  return result;
}

async function redriveOne(
  nats: Nats,
  request: RedriveRequest,
  { stored, incarnation, nowMs }: { stored: StoredMessage; incarnation: string; nowMs: number },
): Promise<boolean> {
  const letter = JSON.parse(Buffer.from(stored.data).toString('utf8')) as DeadLetter;
  if (letter.consumer !== request.consumer) return false;
  const { original } = letter;
  const payload = restorePayload(original) ?? (await nats.getMessage(original.stream, original.sequence))?.data;
  if (!payload) return false;
  const id = `redrive:${incarnation}:${stored.sequence}`;
  await nats.publish({ subject: directSubject(request.consumer, original.subject), payload, messageId: id });
  const entry = {
    at: new Date(nowMs).toISOString(),
    by: request.by,
    did: 'redrive',
    deadLetter: {
      ...letter,
      original: { ...original, payload: undefined, payloadText: undefined, payloadBase64: undefined },
    },
  };
  await nats.publish({
    subject: auditSubject('redrive', request.consumer),
    payload: JSON.stringify(entry),
    messageId: `audit:${id}`,
  });
  await nats.deleteMessage('CRM_DEAD', stored.sequence);
  return true;
}
