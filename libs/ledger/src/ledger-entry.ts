import { hashContent, type AnyRecord, type EventAddress, type MeshEvent, type RecordKey } from '@crm-mesh/contract';
import { mergeFieldTimes, type FieldTimes } from './field-times.js';

export type RecordState = 'present' | 'deleted' | 'erased';

/**
 * What the mesh knows of one record: the fold of its events, and what was seen without being told. The record itself
 * is kept as text, a third of its size as an object: most entries are held far more often than looked into.
 */
export interface StoredEntry {
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
  /** For a record whose last statements were patches; without it every field is known up to `seenAtMs`. */
  fieldTimes?: FieldTimes;
  /** JSON of the last known canonical record; absent where nothing is known or it was erased. */
  dataText?: string;
  /** Ids of records that this one has swallowed, sorted. */
  aliases: string[];
  /** Fields of the record that could not be read from the CRM, for those who look for such records. */
  unread?: readonly string[];
  /** The record that has swallowed this one; absent again once the CRM has brought it back. */
  mergedInto?: string;
}

/** An entry with the record that it holds. */
export interface LedgerEntry extends Omit<StoredEntry, 'dataText'> {
  /** A copy of the caller's own. */
  data?: AnyRecord;
}

export function openEntry({ dataText, ...entry }: StoredEntry): LedgerEntry {
  return dataText === undefined ? entry : { ...entry, data: JSON.parse(dataText) as AnyRecord };
}

/** An event as it lies in CRM_EVENTS. */
export interface LoggedEvent {
  address: EventAddress;
  event: MeshEvent;
  sequence: number;
  /** What a patch said of fields, also of those that it left as they were. Without it the event states the whole record. */
  fieldTimes?: FieldTimes | undefined;
}

/** A statement that was told nobody. */
export interface SeenStatement {
  atMs: number;
  fieldTimes?: FieldTimes | undefined;
  /** The record that has swallowed it. */
  mergedInto?: string | undefined;
}

/** The entry after the event; the same entry when the event is in it already. */
export function foldEvent(entry: StoredEntry | undefined, logged: LoggedEvent): StoredEntry {
  const { address, event, sequence } = logged;
  if (entry && sequence <= entry.sequence) return foldOlder(entry, logged);
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
  const { changes: _changes, mergedIds = [], mergedInto, ...data } = event.data;
  const content = {
    dataText: JSON.stringify(data),
    hash: hashContent(data),
    aliases: union(entry?.aliases, mergedIds),
    ...(data.unread && { unread: data.unread }),
  };
  const into = mergedInto === undefined ? {} : { mergedInto };
  if (action === 'deleted') return { ...told, ...content, ...into, state: 'deleted', contentAtMs };
  const times = logged.fieldTimes && { fieldTimes: mergeFieldTimes(entry?.fieldTimes, logged.fieldTimes) };
  return { ...told, ...content, ...times, state: 'present', contentAtMs: Math.max(contentAtMs, atMs) };
}

/** An event that comes after a newer one: what it says of merges and times still counts. */
function foldOlder(newer: StoredEntry, { address, event, fieldTimes }: LoggedEvent): StoredEntry {
  if (newer.state === 'erased') return newer;
  const entry = newer.fieldTimes && fieldTimes ? addFieldTimes(newer, fieldTimes) : newer;
  const atMs = Date.parse(event.time);
  const aliases = union(entry.aliases, event.data.mergedIds ?? []);
  const contentAtMs = isContent(address.action) ? Math.max(entry.contentAtMs, atMs) : entry.contentAtMs;
  if (aliases.length === entry.aliases.length && contentAtMs === entry.contentAtMs) return entry;
  return { ...entry, aliases, contentAtMs };
}

const isContent = (action: string): boolean => action !== 'deleted' && action !== 'erased';

/** The entry after a statement that was told nobody: the same content again, or the end of a record never seen. */
export function foldSeen(
  entry: StoredEntry | undefined,
  key: RecordKey,
  { atMs, fieldTimes, mergedInto }: SeenStatement,
): StoredEntry {
  if (!entry) {
    const times = { modifiedAtMs: 0, contentAtMs: 0, seenAtMs: atMs };
    const into = mergedInto === undefined ? {} : { mergedInto };
    return { key, version: 0, state: 'deleted', hash: '', sequence: 0, ...times, aliases: [], ...into };
  }
  const timed =
    fieldTimes && entry.state === 'present' ? addFieldTimes(entry, fieldTimes) : noteWinner(entry, mergedInto);
  if (atMs <= entry.seenAtMs) return timed;
  // Seen again as it is: its content is stated anew.
  return { ...timed, seenAtMs: atMs, contentAtMs: entry.state === 'present' ? atMs : entry.contentAtMs };
}

/** The entry of a record that another has swallowed, by that one's `merged` event. Its own end is told by itself. */
export function foldSwallowed(
  entry: StoredEntry | undefined,
  key: RecordKey,
  { event, sequence }: LoggedEvent,
): StoredEntry {
  if (entry && (entry.state === 'present' || entry.sequence > sequence)) return entry;
  return foldSeen(entry, key, { atMs: Date.parse(event.time), mergedInto: event.data.id });
}

function noteWinner(entry: StoredEntry, mergedInto: string | undefined): StoredEntry {
  if (entry.state !== 'deleted' || mergedInto === undefined || mergedInto === entry.mergedInto) return entry;
  return { ...entry, mergedInto };
}

function addFieldTimes(entry: StoredEntry, said: FieldTimes): StoredEntry {
  const fieldTimes = mergeFieldTimes(entry.fieldTimes, said);
  return fieldTimes === entry.fieldTimes ? entry : { ...entry, fieldTimes };
}

function union(some: readonly string[] = [], others: readonly string[]): string[] {
  return [...new Set([...some, ...others])].sort();
}
