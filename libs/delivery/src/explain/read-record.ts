import {
  listRecordFilters,
  parseEventSubject,
  type EventAddress,
  type Origin,
  type RecordKey,
} from '@crm-mesh/contract';
import type { Nats, StoredMessage } from '@crm-mesh/jetstream';
import type { RecordDeed } from '../audit.js';
import type { DeadLetter } from '../dead-letter.js';
import { readCopyMark, type CopyMark } from '../redriven-copy.js';

/** So many of a record are looked at in each stream, the newest: what is kept of a message is small, its payload is not. */
const KEPT = 1_000;

/** An event of the record, without what it says. */
export interface ToldEvent {
  sequence: number;
  subject: string;
  storedAtMs: number;
  address: EventAddress;
  version: number;
  origin: Origin;
}

/** A dead letter that nobody has closed yet. */
export interface OpenRecordLetter {
  /** In CRM_DEAD. */
  sequence: number;
  letter: DeadLetter;
}

/** What was sent to one consumer alone. */
export interface SentCopy {
  consumer: string;
  /** In CRM_DIRECT. */
  sequence: number;
  storedAtMs: number;
  /** Of what it is a copy; absent for what is none, such as a repair or a snapshot. */
  mark?: CopyMark;
  /** Why it was told; absent where it cannot be read. */
  origin?: Origin;
  version?: number;
}

/** All that the streams hold of what consumers did with one record. */
export interface RecordTrail {
  events: ToldEvent[];
  letters: OpenRecordLetter[];
  copies: SentCopy[];
  deeds: RecordDeed[];
}

export async function readTrail(nats: Nats, key: RecordKey): Promise<RecordTrail> {
  const filters = listRecordFilters(key);
  const [events, letters, copies, deeds] = await Promise.all([
    readNewest(nats, 'CRM_EVENTS', [filters.events], readEvent),
    readNewest(nats, 'CRM_DEAD', filters.dead, (message) => ({
      sequence: message.sequence,
      letter: withoutPayload(parseJson(message) as DeadLetter),
    })),
    readNewest(nats, 'CRM_DIRECT', filters.direct, readCopy),
    readNewest(nats, 'CRM_AUDIT', [filters.audit], (message) => parseJson(message) as RecordDeed),
  ]);
  return { events, letters, copies, deeds };
}

/** What `take` makes of the newest messages, in their order; undefined is left out. */
export async function readNewest<T>(
  nats: Nats,
  stream: string,
  filters: readonly string[],
  take: (message: StoredMessage) => T | undefined | Promise<T | undefined>,
): Promise<T[]> {
  const found: { sequence: number; taken: T }[] = [];
  for (const filter of filters) {
    for await (const message of nats.readSparse(stream, filter)) {
      const taken = await take(message);
      if (taken === undefined) continue;
      found.push({ sequence: message.sequence, taken });
      if (found.length > 2 * KEPT) found.splice(0, found.length - KEPT);
    }
  }
  return found
    .toSorted((a, b) => a.sequence - b.sequence)
    .slice(-KEPT)
    .map(({ taken }) => taken);
}

function readEvent(message: StoredMessage): ToldEvent | undefined {
  const address = parseEventSubject(message.subject);
  const { recordversion: version, origin } = readEnvelope(message);
  if (!address || version === undefined || origin === undefined) return undefined;
  const { sequence, subject, storedAtMs } = message;
  return { sequence, subject, storedAtMs, address, version, origin };
}

function readCopy(message: StoredMessage): SentCopy {
  const { sequence, storedAtMs, subject } = message;
  const consumer = subject.split('.', 2)[1]!;
  const mark = readCopyMark(message);
  const { recordversion: version, origin } = readEnvelope(message);
  const said = { ...(origin === undefined ? {} : { origin }), ...(version === undefined ? {} : { version }) };
  return { consumer, sequence, storedAtMs, ...(mark ? { mark } : {}), ...said };
}

/** Of a claimed event it is there, too. */
function readEnvelope(message: StoredMessage): { recordversion?: number; origin?: Origin } {
  try {
    return parseJson(message) as { recordversion?: number; origin?: Origin };
  } catch {
    return {};
  }
}

function withoutPayload(letter: DeadLetter): DeadLetter {
  const { payload: _payload, payloadText: _text, payloadBase64: _base64, ...original } = letter.original;
  return { ...letter, original };
}

function parseJson({ data }: StoredMessage): unknown {
  return JSON.parse(Buffer.from(data).toString('utf8'));
}
