import type { HoldingsAnswer, PlaceRange } from '@crm-mesh/contract';
import type { Comparison, ComparisonStep } from '../comparison.js';
import { countEqual, coverRange, listDiffering, type LedgerRange } from './leaf-ranges.js';
import type { MarkedBy } from './ledger-side.js';
import { PagePairs } from './page-pairs.js';
import { readAhead } from './read-ahead.js';
import { SecondLook, type TwoSides } from './second-look.js';

export interface PluginComparisonOptions extends TwoSides {
  /** Only records in it. Default: all. */
  range?: PlaceRange | undefined;
  /** Records in one page. Default 10,000. */
  pageSize?: number;
  /** Ranges whose digests are asked for at once. Default 1,000, which is the most. */
  rangesAtOnce?: number;
  /** How long what is on its way is waited for at the end, before it is told as it is. Default 5 s. */
  patienceMs?: number;
}

const PAGE_SIZE = 10_000;
const RANGES_AT_ONCE = 1_000;
const PATIENCE_MS = 5_000;
/** More are not kept for the end, where a consumer is far behind: they are told as they are. */
const MOST_AGAIN = 5_000;

/** Where a comparison is. `from` is null when all was compared once. */
interface Progress {
  from: string | null;
  /** Places of records that were on their way. */
  again: string[];
}

/** Ranges whose digests were compared. */
interface ComparedRanges {
  /** Records of the ranges that are equal. */
  equal: number;
  differing: readonly PlaceRange[];
  /** Where to go on; null: nowhere. */
  next: string | null;
}

/**
 * The ledger against what one consumer holds of an entity. Where both know digests, ranges are compared first, and only the
 * differing ones are read, page by page. What differs is read a second time from both sides before it is told.
 */
export function comparePlugin(options: PluginComparisonOptions): Comparison {
  return { steps: (cursor, signal) => new PluginComparison(options, signal).steps(cursor) };
}

class PluginComparison {
  private again: string[] = [];

  constructor(
    private readonly options: PluginComparisonOptions,
    private readonly signal: AbortSignal,
  ) {}

  async *steps(cursor: string | undefined): AsyncIterable<ComparisonStep> {
    const { ask, scope, range = { from: '' } } = this.options;
    const holdings = await ask({ ask: 'holdings' });
    if (!holdings.entities.includes(scope.entity)) return;
    const progress: Progress =
      cursor === undefined ? { from: range.from, again: [] } : (JSON.parse(cursor) as Progress);
    this.again = progress.again;
    const by: MarkedBy = holdings.marks === 'version' ? 'version' : { fields: holdings.fields?.[scope.entity] ?? [] };
    const look = new SecondLook(this.options, by);
    const left = progress.from === null ? undefined : { ...range, from: progress.from };
    if (left && (left.to === undefined || left.from < left.to)) yield* this.compareAll(left, { holdings, by, look });
    yield* this.lookAgain(look);
  }

  private compareAll(
    range: PlaceRange,
    { holdings, by, look }: { holdings: HoldingsAnswer; by: MarkedBy; look: SecondLook },
  ): AsyncIterable<ComparisonStep> {
    const { ask, ledger, scope, pageSize = PAGE_SIZE } = this.options;
    const pairs = new PagePairs({ ask, ledger, scope, by, pageSize });
    const hasDigests = holdings.digests && by === 'version';
    return hasDigests ? this.compareRanges(range, pairs, look) : this.comparePages([range], pairs, look);
  }

  private async *compareRanges(whole: PlaceRange, pairs: PagePairs, look: SecondLook): AsyncIterable<ComparisonStep> {
    const { ledger, scope } = this.options;
    const known = await ledger.readRanges(scope);
    // Of a range that is only partly wanted all are counted.
    const total = countRecords(coverRange({ from: '', ...this.options.range }, known));
    for await (const { equal, differing, next } of readAhead(this.askForDigests(coverRange(whole, known)))) {
      for await (const step of this.comparePages(differing, pairs, look)) yield { ...step, total };
      yield { cursor: this.writeCursor(next), compared: equal, total, rows: 0, calls: 1, found: [] };
    }
  }

  private async *askForDigests(ranges: readonly LedgerRange[]): AsyncIterable<ComparedRanges> {
    const { ask, scope, rangesAtOnce = RANGES_AT_ONCE } = this.options;
    for (let start = 0; start < ranges.length; start += rangesAtOnce) {
      this.signal.throwIfAborted();
      const group = ranges.slice(start, start + rangesAtOnce);
      const bounds = group.map(({ from: first, to }) => ({ from: first, ...(to === undefined ? {} : { to }) }));
      const { digests } = await ask({ ask: 'digests', ...scope, ranges: bounds });
      const next = ranges[start + rangesAtOnce]?.from ?? null;
      yield { equal: countEqual(group, digests), differing: listDiffering(group, digests), next };
    }
  }

  private async *comparePages(
    ranges: readonly PlaceRange[],
    pairs: PagePairs,
    look: SecondLook,
  ): AsyncIterable<ComparisonStep> {
    for await (const gathered of readAhead(pairs.gather(ranges, this.signal))) {
      const { differences, next, records: compared, rows, calls } = gathered;
      const seen = await look.at(differences, MOST_AGAIN - this.again.length);
      this.again.push(...seen.onTheirWay);
      const cursor = this.writeCursor(next);
      yield { cursor, compared, rows: rows + seen.rows, calls: calls + seen.calls, found: seen.found };
    }
  }

  /** What was on its way may have come; after a while it is told as it is. */
  private async *lookAgain(look: SecondLook): AsyncIterable<ComparisonStep> {
    if (this.again.length === 0) return;
    const { patienceMs = PATIENCE_MS } = this.options;
    const { found, rows, calls } = await look.until(this.again, { patienceMs, signal: this.signal });
    this.again = [];
    yield { cursor: this.writeCursor(null), compared: 0, rows, calls, found };
  }

  private writeCursor(from: string | null): string {
    return JSON.stringify({ from, again: this.again } satisfies Progress);
  }
}

function countRecords(ranges: readonly LedgerRange[]): number {
  return ranges.reduce((sum, { records }) => sum + records, 0);
}
