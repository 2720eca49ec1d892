import { MeshError, type EntityScope, type PlaceRange, type RecordPlace } from '@crm-mesh/contract';
import type { AskConsumer } from './ask-consumer.js';
import { readLedgerPage, type LedgerReader, type MarkedBy } from './ledger-side.js';
import { comparePacked, countLines, type Difference } from './packed-marks.js';

interface PagePairsOptions {
  ask: AskConsumer;
  ledger: LedgerReader;
  scope: EntityScope;
  by: MarkedBy;
  pageSize: number;
}

/** A page of each side, compared. */
export interface PagePair {
  differences: readonly Difference[];
  /** Up to and with which place; undefined: to the end of the range. */
  last: RecordPlace | undefined;
  /** That the ledger has up to there. */
  records: number;
  /** Of both sides. */
  rows: number;
}

/** Reads both sides from the same place on, and compares as far as both pages go. */
export class PagePairs {
  constructor(private readonly options: PagePairsOptions) {}

  async compare(range: PlaceRange): Promise<PagePair> {
    const { ask, ledger, scope, by, pageSize: limit } = this.options;
    const question = { ...scope, ...range, limit };
    const [ours, theirs] = await Promise.all([readLedgerPage(ledger, question, by), ask({ ask: 'page', ...question })]);
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

function firstEnd(one: RecordPlace | undefined, other: RecordPlace | undefined): RecordPlace | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one < other ? one : other;
}

function countUpTo(packed: string, last: RecordPlace): number {
  return comparePacked(packed, '', last).length;
}
