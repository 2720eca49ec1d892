import { createHash } from 'node:crypto';
import { formatRecordKey, type AnyRecord, type RecordKey } from '@crm-mesh/contract';
import type { Ledger, LedgerEntry } from '@crm-mesh/ledger';
import { ArrayMaxSize, IsArray, IsInt, IsOptional, IsString, Min } from 'class-validator';

/** Rows that are looked at in one go, and how much of them one answer holds: at most half of the server's `max_payload`. */
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

  /** Of a page that comes in parts, as the last part had it. */
  @IsOptional()
  @IsInt()
  @Min(0)
  partFrom?: number;
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

/** Of a page with one record that is over the server's limit by itself. */
export interface SnapshotPart {
  /** Of the page as JSON. */
  part: string;
  /** Of the whole page. Where it changes between two parts, they make none. */
  hash: string;
  /** Where the next part begins; absent: this is the last. */
  next?: number;
}

export async function readSnapshot(
  ledger: Ledger,
  command: SnapshotCommand,
  maxPayloadBytes: number,
): Promise<SnapshotAnswer | SnapshotPart> {
  const page = await readPage(ledger, command, Math.min(ANSWER_BYTES, maxPayloadBytes / 2));
  const text = JSON.stringify(page);
  if (command.partFrom === undefined && Buffer.byteLength(text) <= maxPayloadBytes) return page;
  const from = command.partFrom ?? 0;
  // A UTF-16 unit is at most three bytes: there is room for what JSON escapes once more.
  const end = from + Math.floor(maxPayloadBytes / 4);
  const hash = createHash('sha256').update(text).digest('hex');
  return { part: text.slice(from, end), hash, ...(end < text.length && { next: end }) };
}

async function readPage(ledger: Ledger, command: SnapshotCommand, mostBytes: number): Promise<SnapshotAnswer> {
  const { upTo, entities } = command;
  const after = command.after === '' ? undefined : (JSON.parse(command.after) as RecordKey);
  const entries = await ledger.readPage({ upTo, after, entities, limit: ROWS });
  const records: SnapshotRecord[] = [];
  let bytes = 0;
  let last: RecordKey | undefined;
  for (const entry of entries) {
    const record = describe(entry, upTo);
    const size = record ? JSON.stringify(record).length * 2 : 0;
    if (records.length > 0 && bytes + size > mostBytes) break;
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
