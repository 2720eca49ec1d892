import { formatRecordKey, type AnyRecord, type RecordKey } from '@crm-mesh/contract';
import type { Ledger, LedgerEntry } from '@crm-mesh/ledger';
import { ArrayMaxSize, IsArray, IsInt, IsOptional, IsString, Min } from 'class-validator';

/** Rows that are looked at in one go, and how much of them one answer holds: well below the server's `max_payload`. */
const ROWS = 500;
const ANSWER_BYTES = 256 * 1024;

/** For a new consumer: records as they are. */
export class SnapshotCommand {
  /** Of CRM_EVENTS: a record with a newer event is left out, that one says it all. */
  @IsInt()
  @Min(0)
  upTo!: number;

  /** As the last answer had it; empty: from the first. */
  @IsString()
  after!: string;

  /** Absent: all. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(1_000)
  @IsString({ each: true })
  entities?: string[];
}

export interface SnapshotRecord {
  key: RecordKey;
  version: number;
  modifiedAtMs: number;
  data: AnyRecord;
}

export interface SnapshotAnswer {
  records: SnapshotRecord[];
  /** Absent: there are no more. */
  after?: string;
}

export async function readSnapshot(ledger: Ledger, command: SnapshotCommand): Promise<SnapshotAnswer> {
  const { upTo, entities } = command;
  const after = command.after === '' ? undefined : (JSON.parse(command.after) as RecordKey);
  const entries = await ledger.readPage({ upTo, after, entities, limit: ROWS });
  const records: SnapshotRecord[] = [];
  let bytes = 0;
  let last: RecordKey | undefined;
  for (const entry of entries) {
    const record = describe(entry, upTo);
    const size = record ? JSON.stringify(record).length * 2 : 0;
    if (records.length > 0 && bytes + size > ANSWER_BYTES) break;
    if (record) records.push(record);
    bytes += size;
    last = entry.key;
  }
  const isLast = entries.length < ROWS && last !== undefined && isSame(last, entries.at(-1)!.key);
  return entries.length === 0 || isLast ? { records } : { records, after: JSON.stringify(last) };
}

/** Undefined for what is gone, was never told, or is told anew by a later event. */
function describe(
  { key, version, sequence, state, modifiedAtMs, data }: LedgerEntry,
  upTo: number,
): SnapshotRecord | undefined {
  if (version === 0 || state !== 'present' || sequence > upTo || data === undefined) return undefined;
  return { key, version, modifiedAtMs, data };
}

function isSame(one: RecordKey, other: RecordKey): boolean {
  return formatRecordKey(one) === formatRecordKey(other);
}
