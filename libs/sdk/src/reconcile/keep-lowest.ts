import type { RecordPlace } from '@crm-mesh/contract';

/** A record as it is compared. */
export interface Marked {
  place: RecordPlace;
  mark: string;
}

/**
 * Sorts what comes in any order and keeps the first `keep` of it, from a place on: twice as many are in memory at most.
 * `to`: where what is kept ends, not included; undefined where nothing was left out.
 */
export async function keepLowest(
  records: AsyncIterable<Marked>,
  { from, keep }: { from: RecordPlace; keep: number },
): Promise<{ records: Marked[]; to: RecordPlace | undefined }> {
  const kept: Marked[] = [];
  let to: RecordPlace | undefined;
  for await (const record of records) {
    if (record.place < from || (to !== undefined && record.place >= to)) continue;
    kept.push(record);
    if (kept.length >= 2 * keep) to = cut(kept, keep) ?? to;
  }
  to = cut(kept, keep) ?? to;
  return { records: kept, to };
}

/** What lies there twice stays together; undefined where nothing was left out. */
function cut(records: Marked[], keep: number): RecordPlace | undefined {
  records.sort(byPlace);
  let end = keep;
  while (records[end]?.place === records[end - 1]?.place && end < records.length) end++;
  const next = records[end]?.place;
  records.length = Math.min(records.length, end);
  return next;
}

function byPlace(a: Marked, b: Marked): number {
  return a.place === b.place ? (a.mark < b.mark ? -1 : 1) : a.place < b.place ? -1 : 1;
}
