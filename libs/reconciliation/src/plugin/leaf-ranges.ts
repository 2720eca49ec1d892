import type { PlaceRange, RangeDigest } from '@crm-mesh/contract';

/** A range with what the ledger holds of it. */
export interface LedgerRange extends PlaceRange {
  records: number;
  digest: number | string;
}

/** A range without a hole: where the ledger has nothing the other side may have something. */
export function coverRange({ from, to: end }: PlaceRange, ranges: readonly LedgerRange[]): LedgerRange[] {
  const whole = coverFrom(from, ranges);
  return end === undefined ? whole : whole.filter((range) => range.from < end).map((range) => cutAt(range, end));
}

function coverFrom(start: string, ranges: readonly LedgerRange[]): LedgerRange[] {
  const whole: LedgerRange[] = [];
  let at: string | undefined = start;
  for (const range of ranges) {
    if (at === undefined) break;
    if (range.to !== undefined && range.to <= at) continue;
    if (range.from > at) whole.push({ from: at, to: range.from, records: 0, digest: 0 });
    // Of a part of one its digest says nothing.
    whole.push(range.from < at ? { ...range, from: at, digest: 'unknown' } : range);
    at = range.to;
  }
  if (at !== undefined) whole.push({ from: at, records: 0, digest: 0 });
  return whole;
}

function cutAt(range: LedgerRange, end: string): LedgerRange {
  if (range.to !== undefined && range.to <= end) return range;
  return { ...range, to: end, digest: range.records === 0 ? range.digest : 'unknown' };
}

/** Those that differ; neighbours as one, so that they are read in as few pages as they need. */
export function listDiffering(ranges: readonly LedgerRange[], digests: readonly RangeDigest[]): PlaceRange[] {
  const differing: { from: string; to?: string | undefined }[] = [];
  for (const [index, { from, to, records, digest }] of ranges.entries()) {
    if (isEqual({ records, digest }, digests[index]!)) continue;
    const last = differing.at(-1);
    if (last?.to === from) last.to = to;
    else differing.push({ from, to });
  }
  return differing.map(({ from, to }) => ({ from, ...(to === undefined ? {} : { to }) }));
}

/** Records of the ranges that are equal: nobody reads these. */
export function countEqual(ranges: readonly LedgerRange[], digests: readonly RangeDigest[]): number {
  return ranges.reduce((sum, range, index) => sum + (isEqual(range, digests[index]!) ? range.records : 0), 0);
}

function isEqual({ records, digest }: Pick<LedgerRange, 'records' | 'digest'>, other: RangeDigest): boolean {
  return other.records === records && other.digest === String(digest);
}
