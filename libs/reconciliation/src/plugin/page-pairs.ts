import { setImmediate as nextTurn } from 'node:timers/promises';
import { MeshError, placeBehind, type EntityScope, type PlaceRange, type RecordPlace } from '@crm-mesh/contract';
import type { AskConsumer } from './ask-consumer.js';
import { readLedgerPage, type LedgerReader, type MarkedBy } from './ledger-side.js';
import { comparePacked, countLines, type Difference } from './packed-marks.js';
import { ONE_BY_ONE } from './second-look.js';

interface PagePairsOptions {
  ask: AskConsumer;
  ledger: LedgerReader;
  scope: EntityScope;
  by: MarkedBy;
  pageSize: number;
}

/** A page of each side, compared. */
interface PagePair {
  differences: readonly Difference[];
  /** Up to and with which place; undefined: to the end of the range. */
  last: RecordPlace | undefined;
  /** That the ledger has up to there. */
  records: number;
  /** Of both sides. */
  rows: number;
}

/** Pages that are dealt with together. */
export interface GatheredPairs extends Omit<PagePair, 'last'> {
  /** Where to go on; null: nowhere. */
  next: RecordPlace | null;
  /** Pages that the consumer was asked for. */
  calls: number;
}

/** Reads both sides from the same place on, and compares as far as both pages go. */
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
    for (const range of ranges) {
      let from: RecordPlace | undefined = range.from;
      while (from !== undefined) {
        signal.throwIfAborted();
        const { last, ...pair } = await this.compare({ ...range, from });
        from = last === undefined ? undefined : placeBehind(last);
        yield { ...pair, calls: 1, next: from ?? range.to ?? null };
      }
    }
  }

  private async compare(range: PlaceRange): Promise<PagePair> {
    const { ask, ledger, scope, by, pageSize: limit } = this.options;
    const question = { ...scope, ...range, limit };
    const asked = ask({ ask: 'page', ...question });
    // SQLite keeps the thread while it reads: the question goes out before.
    const read = nextTurn().then(() => readLedgerPage(ledger, question, by));
    const [ours, theirs] = await Promise.all([read, asked]);
    const last = firstEnd(ours.after, theirs.after);
    if (last !== undefined && last < range.from)
      throw new MeshError(
        'MESH_RECONCILE_INVALID',
        `The page from "${range.from}" ends at "${last}", before it begins.`,
      );
    const { records } = ours;
    // Nobody looks at their rows.
    if (ours.packed === theirs.packed && ours.after === theirs.after)
      return { differences: [], last, records, rows: 2 * records };
    const differences = comparePacked(ours.packed, theirs.packed, last);
    const rows = records + countLines(theirs.packed);
    // What lies behind is read again with the next page.
    const counted = last === ours.after ? records : countUpTo(ours.packed, last!);
    return { differences, last, records: counted, rows };
  }
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

function firstEnd(one: RecordPlace | undefined, other: RecordPlace | undefined): RecordPlace | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one < other ? one : other;
}

function countUpTo(packed: string, last: RecordPlace): number {
  return comparePacked(packed, '', last).length;
}
