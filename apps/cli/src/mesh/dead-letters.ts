import { formatRecordKey, parseEventSubject, parseRawSubject } from '@crm-mesh/contract';
import type { DeadLetter } from '@crm-mesh/delivery';
import type { Nats, StoredMessage } from '@crm-mesh/jetstream';

/** A dead letter with its place in CRM_DEAD, by which it is shown and redriven. */
export interface OpenDeadLetter extends DeadLetter {
  sequence: number;
  /** `acme/hubspot/deal/4711` */
  record: string;
}

export interface DeadLetterQuery {
  consumer?: string;
  /** Stop after so many. */
  limit?: number;
}

/** Oldest first. */
export async function* readDeadLetters(
  nats: Nats,
  { consumer, limit = Infinity }: DeadLetterQuery,
): AsyncGenerator<OpenDeadLetter> {
  const filter = consumer === undefined ? {} : { filterSubject: `dead.${consumer}.>` };
  let found = 0;
  for await (const message of nats.readStream('CRM_DEAD', { fromSequence: 1, ...filter })) {
    if (found >= limit) return;
    found += 1;
    yield openDeadLetter(message);
  }
}

export async function readDeadLetter(nats: Nats, sequence: number): Promise<OpenDeadLetter | undefined> {
  const message = await nats.getMessage('CRM_DEAD', sequence);
  return message && openDeadLetter(message);
}

function openDeadLetter(message: StoredMessage): OpenDeadLetter {
  const letter = JSON.parse(new TextDecoder().decode(message.data)) as DeadLetter;
  return { sequence: message.sequence, record: nameRecord(letter.original.subject), ...letter };
}

/** The record that a `crm.…` or `raw.…` subject names; other subjects name themselves. */
export function nameRecord(subject: string): string {
  const key = parseEventSubject(subject) ?? parseRawSubject(subject);
  return key ? formatRecordKey(key) : subject;
}

export async function countDeadLetters(
  nats: Nats,
  mostRead = 5_000,
): Promise<{ total: number; byConsumer: Record<string, number> }> {
  const { messages: total } = await nats.streamState('CRM_DEAD');
  const byConsumer: Record<string, number> = {};
  if (total === 0 || total > mostRead) return { total, byConsumer };
  for await (const { subject } of nats.readStream('CRM_DEAD', { fromSequence: 1 })) {
    const consumer = subject.split('.')[1] ?? subject;
    byConsumer[consumer] = (byConsumer[consumer] ?? 0) + 1;
  }
  return { total, byConsumer };
}
