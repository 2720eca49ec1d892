import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  MeshError,
  placeBehind,
  type EntityScope,
  type PageAnswer,
  type PlaceRange,
  type RecordPlace,
} from '@crm-mesh/contract';
import type { AskConsumer } from './ask-consumer.js';
import { readLedgerPage, type LedgerPage, type LedgerReader, type MarkedBy } from './ledger-side.js';
import { comparePacked, countLines, cutBehind, type Difference } from './packed-marks.js';
import { ONE_BY_ONE } from './second-look.js';

interface PagePairsOptions {
  ask: AskConsumer;
  ledger: LedgerReader;
  scope: EntityScope;
  by: MarkedBy;
  pageSize: number;
}

/** Pages of both sides, compared. */
export interface GatheredPairs {
  differences: readonly Difference[];
  /** Where to go on; null: nowhere. */
  next: RecordPlace | null;
  /** That the ledger has there. */
  records: number;
  /** Of both sides. */
  rows: number;
  /** Pages that the consumer was asked for. */
  calls: number;
}

/** So many ranges are read at once: most are one small page, and who answers may be busy with the digests of the next ones. */
const RANGES_AHEAD = 4;
/** What the ledger gives of a page: the other side may have a few records more in the same places. */
const LEDGER_SHARE = 0.98;

/** Reads both sides over the same places, and compares them. */
export class PagePairs {
  constructor(private readonly options: PagePairsOptions) {}

  /** Of all these ranges; ranges that are small are gathered up to a page, or until so much differs that a look is worth it. */
  async *gather(ranges: readonly PlaceRange[], signal: AbortSignal): AsyncIterable<GatheredPairs> {
    const none = { differences: [], records: 0, rows: 0, calls: 0, next: null };
    let gathered: GatheredPairs = none;
    for await (const pair of this.readAll(ranges, signal)) {
      const isTooMuch = gathered.differences.length + pair.differences.length > ONE_BY_ONE;
      if (isTooMuch && gathered.calls > 0) {
        yield gathered;
        gathered = none;
      }
      gathered = add(gathered, pair);
      if (gathered.rows < 2 * this.options.pageSize) continue;
      yield gathered;
      gathered = none;
    }
    if (gathered.calls > 0) yield gathered;
  }

  private async *readAll(ranges: readonly PlaceRange[], signal: AbortSignal): AsyncIterable<GatheredPairs> {
    const begun: BegunRange[] = [];
    try {
      for (const index of ranges.keys()) {
        for (const next of ranges.slice(index + begun.length, index + RANGES_AHEAD))
          begun.push(beginRange(this.readRange(next, signal)));
        const { pairs, first } = begun.shift()!;
        for (let pair = await first; !pair.done; pair = await pairs.next()) yield pair.value;
      }
    } finally {
      for (const { pairs } of begun) void pairs.return();
    }
  }

  /** The ledger goes first: while the other side is asked for what lies in the places of a page, the next one is read. */
  private async *readRange(range: PlaceRange, signal: AbortSignal): AsyncGenerator<GatheredPairs, void> {
    let page = this.readLedger(range);
    let from: RecordPlace | undefined = range.from;
    while (from !== undefined) {
      signal.throwIfAborted();
      const ours = await page;
      const behind = ours.after === undefined ? undefined : placeBehind(ours.after);
      const places = withEnd(from, behind ?? range.to);
      const theirs = this.readOther(places);
      if (behind !== undefined) page = this.readLedger({ ...range, from: behind });
      for await (const pair of this.compare(ours, places, theirs)) {
        signal.throwIfAborted();
        yield { ...pair, next: pair.next ?? places.to ?? null };
      }
      from = behind;
    }
  }

  /** The other side may need several pages for what is one of the ledger's. `next` is null behind the last of them. */
  private async *compare(
    { packed, records }: LedgerPage,
    { from, to }: PlaceRange,
    asked: Promise<PageAnswer>,
  ): AsyncIterable<GatheredPairs> {
    let [left, answer] = [packed, await asked];
    for (let at = from; answer.after !== undefined; answer = await this.readOther(withEnd(at, to))) {
      if (answer.after < at) throw describeStandstill(at, answer.after);
      const { upTo, rest } = cutBehind(left, answer.after);
      at = placeBehind(answer.after);
      yield { ...comparePair(upTo, answer.packed, countLines(upTo)), next: at };
      left = rest;
    }
    yield { ...comparePair(left, answer.packed, left === packed ? records : countLines(left)), next: null };
  }

  /** SQLite keeps the thread while it reads: what has been asked for goes out before. An error is told when it is its turn. */
  private readLedger(range: PlaceRange): Promise<LedgerPage> {
    const { ledger, scope, by, pageSize } = this.options;
    const question = { ...scope, ...range, limit: Math.ceil(pageSize * LEDGER_SHARE) };
    return quietly(nextTurn().then(() => readLedgerPage(ledger, question, by)));
  }

  private readOther(range: PlaceRange): Promise<PageAnswer> {
    const { ask, scope, pageSize: limit } = this.options;
    return quietly(ask({ ask: 'page', ...scope, ...range, limit }));
  }
}

interface BegunRange {
  pairs: AsyncGenerator<GatheredPairs, void>;
  first: Promise<IteratorResult<GatheredPairs, void>>;
}

function beginRange(pairs: AsyncGenerator<GatheredPairs, void>): BegunRange {
  return { pairs, first: quietly(pairs.next()) };
}

function quietly<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}

function withEnd(from: RecordPlace, to: RecordPlace | undefined): PlaceRange {
  return { from, ...(to === undefined ? {} : { to }) };
}

function describeStandstill(from: RecordPlace, end: RecordPlace): MeshError {
  return new MeshError('MESH_RECONCILE_INVALID', `The page from "${from}" ends at "${end}", before it begins.`);
}

/** Where both are the same nobody looks at their rows. */
function comparePair(ours: string, theirs: string, records: number): Omit<GatheredPairs, 'next'> {
  if (ours === theirs) return { differences: [], records, rows: 2 * records, calls: 1 };
  return { differences: comparePacked(ours, theirs), records, rows: records + countLines(theirs), calls: 1 };
}

function add(gathered: GatheredPairs, { differences, records, rows, calls, next }: GatheredPairs): GatheredPairs {
  return {
    differences: [...gathered.differences, ...differences],
    records: gathered.records + records,
    rows: gathered.rows + rows,
    calls: gathered.calls + calls,
    next,
  };
}
