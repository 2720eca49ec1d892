import type { PlaceRange, RangeDigest } from '@crm-mesh/contract';

/** A range with what the ledger holds of it. */
export interface LedgerRange extends PlaceRange {
  records: number;
  digest: number | string;
}

/** From a place on, without a hole: where the ledger has nothing the other side may have something. */
export function coverFrom(start: string, ranges: readonly LedgerRange[]): LedgerRange[] {
  const whole: LedgerRange[] = [];
  let at: string | undefined = start;
  for (const range of ranges) {
    if (at === undefined) break;
    if (range.to !== undefined && range.to <= at) continue;
    if (range.from > at) whole.push({ from: at, to: range.from, records: 0, digest: 0 });
    // Of one that was begun already only the rest counts: its digest says nothing of that.
    whole.push(range.from < at ? { ...range, from: at, digest: 'unknown' } : range);
    at = range.to;
  }
  if (at !== undefined) whole.push({ from: at, records: 0, digest: 0 });
  return whole;
}

/** Those that differ; neighbours as one, so that they are read in as few pages as they need. */
export function listDiffering(ranges: readonly LedgerRange[], digests: readonly RangeDigest[]): PlaceRange[] {
  const differing: { from: string; to?: string | undefined }[] = [];
  for (const [index, { from, to, records, digest }] of ranges.entries()) {
    const other = digests[index]!;
    if (other.records === records && other.digest === String(digest)) continue;
    const last = differing.at(-1);
    if (last?.to === from) last.to = to;
    else differing.push({ from, to });
  }
  return differing.map(({ from, to }) => ({ from, ...(to === undefined ? {} : { to }) }));
}
