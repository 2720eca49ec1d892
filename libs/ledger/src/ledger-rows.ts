import { escapeToken, unescapeToken, type RecordKey } from '@crm-mesh/contract';
import { cutIntoStatements, type Store, type Transaction, type Value } from '@crm-mesh/store';
import type { FieldTimes } from './field-times.js';
import type { StoredEntry, RecordState } from './ledger-entry.js';
import { KEY, keyValues, readByIds } from './row-keys.js';

const REST = [
  'version',
  'state',
  'hash',
  'sequence',
  'modified_at',
  'content_at',
  'seen_at',
  'data',
  'aliases',
  'field_times',
  'merged_into',
  'unread',
] as const;
const COLUMNS = [...KEY, ...REST];

const WHERE_KEY = KEY.map((column) => `${column} = ?`).join(' AND ');
const SELECT = `SELECT ${COLUMNS.join(', ')} FROM`;
// Monotone: a former leader that commits late must not set a record back. As `supersedes` says it.
const ON_CONFLICT =
  `ON CONFLICT (${KEY.join(', ')}) DO UPDATE SET ${REST.map((column) => `${column} = excluded.${column}`).join(', ')} ` +
  'WHERE excluded.sequence > kept.sequence OR (excluded.sequence = kept.sequence AND excluded.seen_at >= kept.seen_at)';

/** The ledger, or one that is being built anew beside it. */
export type RowsTable = 'ledger' | 'ledger_shadow';

type Row = Record<(typeof COLUMNS)[number], string | number | null>;

export async function readEntry(store: Store, key: RecordKey): Promise<StoredEntry | undefined> {
  const [row] = await store.read<Row>(`${SELECT} ledger WHERE ${WHERE_KEY}`, keyValues(key));
  return row && fromRow(row);
}

/** Which records to read, in the order of their keys. */
export interface PageRequest {
  /** Behind this one; absent: from the first. */
  after?: RecordKey | undefined;
  /** Absent: all. */
  entities?: readonly string[] | undefined;
  limit: number;
}

export async function readEntries(store: Store, { after, entities, limit }: PageRequest): Promise<StoredEntry[]> {
  const conditions = [
    ...(after ? [`(${KEY.join(', ')}) > (${KEY.map(() => '?').join(', ')})`] : []),
    ...(entities ? [`entity IN (${entities.map(() => '?').join(', ')})`] : []),
  ];
  const where = conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '';
  const values = [...(after ? keyValues(after) : []), ...(entities ?? []).map(escapeToken), limit];
  const rows = await store.read<Row>(`${SELECT} ledger${where} ORDER BY ${KEY.join(', ')} LIMIT ?`, values);
  return rows.map(fromRow);
}

/** Those that there are, by {@link nameKey}. */
export async function readEntriesOf(
  source: Pick<Transaction, 'all'>,
  keys: readonly RecordKey[],
  table: RowsTable = 'ledger',
): Promise<Map<string, StoredEntry>> {
  const entries = new Map<string, StoredEntry>();
  for (const row of await readByIds<Row>(source, keys, `${SELECT} ${table}`)) entries.set(nameRow(row), fromRow(row));
  return entries;
}

/** What lies there now of these records, as far as writing them must know it. */
export interface StoredMark {
  version: number;
  state: RecordState;
  sequence: number;
  seenAtMs: number;
}

/** By {@link nameKey}. */
export async function readStoredMarks(
  transaction: Transaction,
  keys: readonly RecordKey[],
  table: RowsTable,
): Promise<Map<string, StoredMark>> {
  const marks = new Map<string, StoredMark>();
  const select = `SELECT ${KEY.join(', ')}, version, state, sequence, seen_at FROM ${table}`;
  for (const row of await readByIds<Row>(transaction, keys, select)) {
    const [version, sequence, seenAtMs] = [Number(row.version), Number(row.sequence), Number(row.seen_at)];
    marks.set(nameRow(row), { version, state: row.state as RecordState, sequence, seenAtMs });
  }
  return marks;
}

export async function countRecords(store: Store): Promise<number> {
  const [row] = await store.read<{ records: string | number }>(
    'SELECT count(*) AS records FROM ledger WHERE version > 0',
  );
  return Number(row?.records ?? 0);
}

/** How many rows it took: what is older than what lies there is passed over. */
export async function upsertEntries(
  transaction: Transaction,
  entries: readonly StoredEntry[],
  table: RowsTable = 'ledger',
): Promise<number> {
  let taken = 0;
  for (const [start, size] of cutIntoStatements(entries.length))
    taken += await transaction.run(writeUpsert(size, table), entries.slice(start, start + size).flatMap(toValues));
  return taken;
}

function writeUpsert(rows: number, table: RowsTable): string {
  const places = Array<string>(rows).fill(`(${COLUMNS.map(() => '?').join(', ')})`);
  return `INSERT INTO ${table} AS kept (${COLUMNS.join(', ')}) VALUES ${places.join(', ')} ${ON_CONFLICT}`;
}

/** Whether the upsert takes the entry, where this one lies there. */
export function supersedes(entry: StoredEntry, stored: StoredMark | undefined): boolean {
  if (!stored || entry.sequence > stored.sequence) return true;
  return entry.sequence === stored.sequence && entry.seenAtMs >= stored.seenAtMs;
}

export async function deleteEntry(
  transaction: Transaction,
  key: RecordKey,
  table: RowsTable = 'ledger',
): Promise<void> {
  await transaction.run(`DELETE FROM ${table} WHERE ${WHERE_KEY}`, keyValues(key));
}

/** Keys of the records whose newest event lies above the sequence. */
export async function readKeysAbove(store: Store, sequence: number): Promise<RecordKey[]> {
  const rows = await store.read<Row>(`SELECT ${KEY.join(', ')} FROM ledger WHERE sequence > ?`, [sequence]);
  return rows.map(keyOf);
}

/** The stream was made anew: its sequences begin again, the versions go on. */
export async function forgetSequences(transaction: Transaction): Promise<void> {
  await transaction.run('UPDATE ledger SET sequence = 0 WHERE sequence > 0');
  await transaction.run('DELETE FROM ledger_position');
}

/** By incarnation of the stream. */
export async function readPositions(store: Store): Promise<Map<string, number>> {
  const rows = await store.read<{ incarnation: string; position: string | number }>(
    'SELECT incarnation, position FROM ledger_position',
  );
  return new Map(rows.map((row) => [row.incarnation, Number(row.position)]));
}

export async function savePosition(transaction: Transaction, incarnation: string, position: number): Promise<void> {
  await transaction.run(
    'INSERT INTO ledger_position (incarnation, position) VALUES (?, ?) ON CONFLICT (incarnation) ' +
      'DO UPDATE SET position = excluded.position WHERE excluded.position > ledger_position.position',
    [incarnation, position],
  );
}

export async function rewindPosition(transaction: Transaction, incarnation: string, position: number): Promise<void> {
  await transaction.run('UPDATE ledger_position SET position = ? WHERE incarnation = ?', [position, incarnation]);
}

function toValues(entry: StoredEntry): Value[] {
  const times = [entry.modifiedAtMs, entry.contentAtMs, entry.seenAtMs];
  return [
    ...keyValues(entry.key),
    entry.version,
    entry.state,
    entry.hash,
    entry.sequence,
    ...times,
    entry.dataText ?? null,
    JSON.stringify(entry.aliases),
    entry.fieldTimes === undefined ? null : JSON.stringify(entry.fieldTimes),
    entry.mergedInto === undefined ? null : escapeToken(entry.mergedInto),
    entry.unread === undefined ? null : JSON.stringify(entry.unread),
  ];
}

const nameRow = (row: Row): string => KEY.map((column) => row[column]).join('.');

function keyOf(row: Row): RecordKey {
  const [tenant, connection, entity, id] = KEY.map((column) => unescapeToken(String(row[column])));
  return { tenant: tenant!, connection: connection!, entity: entity!, id: id! };
}

function fromRow(row: Row): StoredEntry {
  return {
    key: keyOf(row),
    version: Number(row.version),
    state: row.state as RecordState,
    hash: String(row.hash),
    // PostgreSQL hands out bigint as text.
    sequence: Number(row.sequence),
    modifiedAtMs: Number(row.modified_at),
    contentAtMs: Number(row.content_at),
    seenAtMs: Number(row.seen_at),
    ...(row.data === null ? {} : { dataText: String(row.data) }),
    aliases: JSON.parse(String(row.aliases)) as string[],
    ...(row.field_times === null ? {} : { fieldTimes: JSON.parse(String(row.field_times)) as FieldTimes }),
    ...(row.merged_into === null ? {} : { mergedInto: unescapeToken(String(row.merged_into)) }),
    ...(row.unread === null ? {} : { unread: JSON.parse(String(row.unread)) as string[] }),
  };
}
