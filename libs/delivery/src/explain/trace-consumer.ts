import type { DurableState } from '@crm-mesh/jetstream';
import type { Store } from '@crm-mesh/store';
import type { AuditEntry } from '../audit.js';
import { readPartition } from '../partition.js';
import { keyOf, type ItemRef } from '../store/item-rows.js';
import { readParkedLane, readTraceRows, type TraceRow } from '../store/trace-rows.js';
import { judgeItem, judgeStanding, type ItemView, type Position, type Standing, type Verdict } from './judge-item.js';
import type { RecordTrail, SentCopy } from './read-record.js';
import { toToldAttempts, toToldError, type ToldAttempt, type ToldError } from './told-error.js';

/** What one consumer did with one message. */
export interface TracedItem {
  stream: string;
  sequence: number;
  verdict: Verdict;
  /** When it was done, as far as the inbox remembers. */
  doneAt?: string;
  /** Attempts that failed and are remembered: until it is done, or buried. */
  attempts?: number;
  failures?: ToldAttempt[];
  /** What its handler gave back. */
  receipt?: unknown;
}

/** Of a consumer whose messages of the record wait in the store. */
export interface ParkedLane {
  /** When the first of them failed, as far as that is remembered, and at what. */
  since?: string;
  why?: ToldError;
  /** When its oldest is tried again; absent while a dead letter holds it. */
  dueAt?: string;
  /** The dead letter that holds it: its sequence in CRM_DEAD. */
  heldBy?: number;
  /** How many wait in the lane, also of other records where the plugin has a `key`. */
  waiting: number;
}

export interface ConsumerTrace {
  consumer: string;
  standing: Standing;
  items: TracedItem[];
  parked?: ParkedLane;
}

/** A message that a consumer may have been given. */
export type ItemToTrace = Pick<ItemView, 'sequence' | 'storedAtMs' | 'wanted' | 'skipped'> & { stream: string };

export interface TraceInput {
  store: Store;
  consumer: string;
  /** Of the streams, as they are now. */
  incarnations: Readonly<Record<string, string>>;
  durables: readonly DurableState[];
  items: readonly ItemToTrace[];
  trail: Pick<RecordTrail, 'letters' | 'copies' | 'deeds'>;
  /** What was stored before is told without what it says: the record was erased then. */
  erasedAtMs?: number | undefined;
}

/** What a consumer did with a record, by its rows, its position and what lies in the streams. */
export async function traceConsumer(input: TraceInput): Promise<ConsumerTrace> {
  const { consumer, items, trail } = input;
  const copies = trail.copies.filter((copy) => copy.consumer === consumer);
  const sent = copies.map(({ sequence, storedAtMs }): ItemToTrace => {
    return { stream: 'CRM_DIRECT', sequence, storedAtMs, wanted: true, skipped: false };
  });
  const refOf = ({ stream, sequence }: ItemToTrace): ItemRef => {
    return { stream, incarnation: input.incarnations[stream] ?? '', sequence };
  };
  const rows = await readTraceRows(input.store, consumer, [...items, ...sent].map(refOf));
  const judge = (item: ItemToTrace, copy?: Verdict): TracedItem => {
    const row = rows.get(keyOf(refOf(item)));
    const position = findPosition(input, item.stream);
    const known = item.stream === 'CRM_DIRECT' ? findCopyState(input, item) : findItemState(input, item);
    return describeItem({ ...item, ...known, copy, row, position }, { ...item, row }, input.erasedAtMs);
  };
  const judgedCopies = sent.map((item) => judge(item));
  const judgedItems = items.map((item) => judge(item, findCopyVerdict(item, copies, judgedCopies)));
  const all = [...judgedItems, ...judgedCopies];
  const lane = [...rows.values()].find((row) => row.lane !== undefined);
  const parked = lane && (await describeLane(input, lane, [...rows.values()]));
  const standing = judgeStanding(all.map(({ verdict }) => verdict));
  return { consumer, standing, items: all, ...(parked ? { parked } : {}) };
}

/** The newest one that is a copy of it. */
function findCopyVerdict(
  { stream, sequence }: ItemToTrace,
  copies: readonly SentCopy[],
  judged: readonly TracedItem[],
): Verdict | undefined {
  const index = copies.findLastIndex(({ mark }) => mark?.stream === stream && mark.sequence === sequence);
  return judged[index]?.verdict;
}

type ItemState = Pick<ItemView, 'isDead' | 'lastDeed'>;

function findItemState({ consumer, trail }: TraceInput, { stream, sequence }: ItemToTrace): ItemState {
  const isIt = (original: { stream: string; sequence: number } | undefined): boolean =>
    original?.stream === stream && original.sequence === sequence;
  const deed = trail.deeds
    .filter((each): each is AuditEntry => each.did !== 'repair')
    .findLast((each) => each.consumer === consumer && isIt(each.deadLetter?.original ?? each.original));
  const isDead = trail.letters.some(({ letter }) => letter.consumer === consumer && isIt(letter.original));
  return { isDead, lastDeed: deed?.did };
}

function findCopyState({ consumer, trail }: TraceInput, { sequence }: ItemToTrace): ItemState {
  const isIt = ({ letter }: RecordTrail['letters'][number]): boolean =>
    letter.consumer === consumer && letter.copy?.sequence === sequence;
  return { isDead: trail.letters.some(isIt), lastDeed: undefined };
}

function findPosition({ consumer, durables }: TraceInput, stream: string): Position | undefined {
  const own = durables.filter((each) => each.stream === stream && readPartition(each.name, consumer));
  if (own.length === 0) return undefined;
  return {
    floor: Math.min(...own.map((each) => each.ackFloorSequence)),
    delivered: Math.min(...own.map((each) => each.deliveredSequence)),
    start: Math.min(...own.map((each) => each.startSequence ?? 0)),
    startMs: Math.min(...own.map((each) => (each.startTime === undefined ? 0 : Date.parse(each.startTime)))),
  };
}

function describeItem(
  view: ItemView,
  { stream, sequence, storedAtMs, row }: ItemToTrace & { row: TraceRow | undefined },
  erasedAtMs = Number.NEGATIVE_INFINITY,
): TracedItem {
  const isErased = storedAtMs < erasedAtMs;
  const { doneAtMs, attempts, history, receipt } = row ?? {};
  const verdict = judgeItem(view);
  // What was buried, or passed over for its origin, is in the inbox, too.
  const wasDone = !view.isDead && view.lastDeed === undefined && verdict !== 'skipped';
  return {
    ...{ stream, sequence, verdict },
    ...(doneAtMs === undefined || !wasDone ? {} : { doneAt: new Date(doneAtMs).toISOString() }),
    ...(attempts === undefined ? {} : { attempts, failures: toToldAttempts(history ?? [], isErased) }),
    ...(receipt === undefined || isErased ? {} : { receipt: JSON.parse(receipt.json) as unknown }),
  };
}

async function describeLane(
  { store, consumer, erasedAtMs }: TraceInput,
  { lane }: TraceRow,
  rows: readonly TraceRow[],
): Promise<ParkedLane | undefined> {
  const found = await readParkedLane(store, consumer, lane!);
  if (!found) return undefined;
  const { dueMs, waiting, heldBy } = found;
  const failed = rows.flatMap((row) => (row.lane === undefined ? [] : (row.history ?? [])));
  const [first, last] = [failed[0], failed.at(-1)];
  return {
    ...(first ? { since: first.at } : {}),
    ...(last ? { why: toToldError(last.error, erasedAtMs !== undefined) } : {}),
    ...(heldBy === undefined ? { dueAt: new Date(dueMs).toISOString() } : { heldBy }),
    waiting,
  };
}
