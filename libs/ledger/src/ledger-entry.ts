import { hashContent, type AnyRecord, type EventAddress, type MeshEvent, type RecordKey } from '@crm-mesh/contract';

export type RecordState = 'present' | 'deleted' | 'erased';

/** Up to when each field is known, epoch milliseconds: a late patch still tells of the fields that no newer one did. */
export interface FieldTimes {
  /** Of the fields that are not named. */
  base: number;
  /** By field; parts of an address or of `custom` as `custom.<name>`. */
  fields: Readonly<Record<string, number>>;
}

/** What the mesh knows of one record: the fold of its events, and what was seen without being told. */
export interface LedgerEntry {
  key: RecordKey;
  /** Of the newest event. 0: none was told (the record was gone before it was ever seen). */
  version: number;
  state: RecordState;
  hash: string;
  /** Of the newest event in CRM_EVENTS; 0 where none was told. */
  sequence: number;
  /** Time of the newest event, epoch milliseconds. */
  modifiedAtMs: number;
  /** Time of the newest statement of content, told or dropped as the same: what an erasure is measured against. */
  contentAtMs: number;
  /**
   * Time of the newest statement, told or dropped as the same: what is older is stale. What was dropped is not in the
   * log: a rebuild from the log begins again with the times of what was told.
   */
  seenAtMs: number;
  /** For a record that is told of in patches; kept as `seenAtMs` is. */
  fieldTimes?: FieldTimes;
  /** The last known canonical record; absent where nothing is known or it was erased. */
  data?: AnyRecord;
  /** Ids of records that this one has swallowed, sorted. */
  aliases: string[];
}

/** An event as it lies in CRM_EVENTS. */
export interface LoggedEvent {
  address: EventAddress;
  event: MeshEvent;
  sequence: number;
}

/** The entry after the event; the same entry when the event is in it already. */
export function foldEvent(entry: LedgerEntry | undefined, { address, event, sequence }: LoggedEvent): LedgerEntry {
  if (entry && sequence <= entry.sequence) return foldOlder(entry, { address, event, sequence });
  const atMs = Date.parse(event.time);
  const { action, ...key } = address;
  const modifiedAtMs = Math.max(entry?.modifiedAtMs ?? atMs, atMs);
  const told = {
    key,
    version: event.recordversion,
    sequence,
    modifiedAtMs,
    seenAtMs: Math.max(entry?.seenAtMs ?? atMs, atMs),
  };
  const contentAtMs = entry?.contentAtMs ?? 0;
  if (action === 'erased') return { ...told, state: 'erased', hash: '', contentAtMs, aliases: [] };
  const { changes: _changes, mergedIds = [], ...data } = event.data;
  const content = { data, hash: hashContent(data), aliases: union(entry?.aliases, mergedIds) };
  if (action === 'deleted') return { ...told, ...content, state: 'deleted', contentAtMs };
  const times = entry?.fieldTimes && { fieldTimes: mergeFieldTimes(entry.fieldTimes, timesOf(event, atMs)) };
  return { ...told, ...content, ...times, state: 'present', contentAtMs: Math.max(contentAtMs, atMs) };
}

/** An event that comes after a newer one: what it says of merges and times still counts. */
function foldOlder(entry: LedgerEntry, { address, event }: LoggedEvent): LedgerEntry {
  if (entry.state === 'erased') return entry;
  const atMs = Date.parse(event.time);
  const aliases = union(entry.aliases, event.data.mergedIds ?? []);
  const contentAtMs = isContent(address.action) ? Math.max(entry.contentAtMs, atMs) : entry.contentAtMs;
  if (aliases.length === entry.aliases.length && contentAtMs === entry.contentAtMs) return entry;
  return { ...entry, aliases, contentAtMs };
}

const isContent = (action: string): boolean => action !== 'deleted' && action !== 'erased';

/** The entry after a statement that was told nobody: the same content again, or the end of a record never seen. */
export function foldSeen(entry: LedgerEntry | undefined, key: RecordKey, seenAtMs: number): LedgerEntry {
  if (entry && seenAtMs <= entry.seenAtMs) return entry;
  // Seen again as it is: its content is stated anew.
  if (entry) return { ...entry, seenAtMs, contentAtMs: entry.state === 'present' ? seenAtMs : entry.contentAtMs };
  const times = { modifiedAtMs: 0, contentAtMs: 0, seenAtMs };
  return { key, version: 0, state: 'deleted', hash: '', sequence: 0, ...times, aliases: [] };
}

/** The entry with what a patch says of its fields, also of those that it leaves as they are. */
export function foldFieldTimes(entry: LedgerEntry, times: FieldTimes | undefined): LedgerEntry {
  if (!times || entry.state !== 'present') return entry;
  return { ...entry, fieldTimes: mergeFieldTimes(entry.fieldTimes, times) };
}

function mergeFieldTimes(some: FieldTimes | undefined, others: FieldTimes): FieldTimes {
  if (!some) return others;
  const fields = { ...some.fields };
  for (const [field, atMs] of Object.entries(others.fields)) fields[field] = Math.max(fields[field] ?? atMs, atMs);
  return { base: Math.max(some.base, others.base), fields };
}

function timesOf(event: MeshEvent, atMs: number): FieldTimes {
  return { base: 0, fields: Object.fromEntries(Object.keys(event.data.changes).map((field) => [field, atMs])) };
}

function union(some: readonly string[] = [], others: readonly string[]): string[] {
  return [...new Set([...some, ...others])].sort();
}
