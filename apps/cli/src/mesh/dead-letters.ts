import { formatRecordKey, parseEventSubject, parseRawSubject } from '@crm-mesh/contract';
import { groupOf, type DeadLetter } from '@crm-mesh/delivery/letters';
import type { Nats, StoredMessage } from '@crm-mesh/jetstream';
import { matchesQuery, type DeadLetterQuery } from './dead-letter-query.js';

/** A dead letter with its place in CRM_DEAD, by which it is shown and redriven. */
export interface OpenDeadLetter extends DeadLetter {
  sequence: number;
  /** The same for what one version of one consumer failed at in the same way. */
  group: string;
  /** `acme/hubspot/deal/4711` */
  record: string;
}

/** Oldest first. */
export async function* readDeadLetters(nats: Nats, query: DeadLetterQuery): AsyncGenerator<OpenDeadLetter> {
  const { consumer, limit = Infinity } = query;
  const filter = consumer === undefined ? {} : { filterSubject: `dead.${consumer}.>` };
  let found = 0;
  for await (const message of nats.readStream('CRM_DEAD', { fromSequence: 1, ...filter })) {
    if (found >= limit) return;
    const letter = openDeadLetter(message);
    if (!matchesQuery(letter, query)) continue;
    found += 1;
    yield letter;
  }
}

export async function readDeadLetter(nats: Nats, sequence: number): Promise<OpenDeadLetter | undefined> {
  const message = await nats.getMessage('CRM_DEAD', sequence);
  return message && openDeadLetter(message);
}

function openDeadLetter(message: StoredMessage): OpenDeadLetter {
  const letter = JSON.parse(new TextDecoder().decode(message.data)) as DeadLetter;
  return { sequence: message.sequence, group: groupOf(letter), record: nameRecord(letter.original.subject), ...letter };
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
