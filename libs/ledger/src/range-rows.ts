import { cutIntoStatements, type Transaction } from '@crm-mesh/store';
import type { RowsTable } from './ledger-rows.js';
import type { ScopeTokens } from './row-keys.js';

/** A range as it is kept in memory. */
export interface Leaf {
  from: string;
  records: number;
}

/** What is added to a range. */
export interface LeafChange extends Leaf {
  scope: ScopeTokens;
  digest: number;
}

const RANGES: Record<RowsTable, string> = { ledger: 'ledger_ranges', ledger_shadow: 'ledger_ranges_shadow' };
export const WHERE_SCOPE = 'tenant = ? AND connection = ? AND entity = ?';
/** What counts in a range. */
export const COUNTS = "state = 'present' AND version > 0";
const PAGE_ROWS = 5_000;

export function nameRanges(table: RowsTable): string {
  return RANGES[table];
}

export async function readLeaves(transaction: Transaction, scope: ScopeTokens, table: RowsTable): Promise<Leaf[]> {
  const rows = await transaction.all<{ from_key: string; records: number | string }>(
    `SELECT from_key, records FROM ${RANGES[table]} WHERE ${WHERE_SCOPE} ORDER BY from_key`,
    scope,
  );
  return rows.map((row) => ({ from: row.from_key, records: Number(row.records) }));
}

/** A range that is not there begins with what is added. */
export async function addToRanges(
  transaction: Transaction,
  changes: readonly LeafChange[],
  table: RowsTable,
): Promise<void> {
  for (const [start, size] of cutIntoStatements(changes.length)) {
    const values = changes
      .slice(start, start + size)
      .flatMap(({ scope, from, records, digest }) => [...scope, from, records, digest]);
    await transaction.run(writeAdd(size, table), values);
  }
}

function writeAdd(rows: number, table: RowsTable): string {
  const places = Array<string>(rows).fill('(?, ?, ?, ?, ?, ?)').join(', ');
  return (
    `INSERT INTO ${RANGES[table]} AS kept (tenant, connection, entity, from_key, records, digest) VALUES ${places} ` +
    'ON CONFLICT (tenant, connection, entity, from_key) DO UPDATE SET ' +
    'records = kept.records + excluded.records, digest = kept.digest + excluded.digest'
  );
}

export async function removeRange(
  transaction: Transaction,
  scope: ScopeTokens,
  from: string,
  table: RowsTable,
): Promise<void> {
  await transaction.run(`DELETE FROM ${RANGES[table]} WHERE ${WHERE_SCOPE} AND from_key = ?`, [...scope, from]);
}

export interface PlacedMark {
  place: string;
  version: number;
}

/** What counts in a range, in order, by pages. */
export async function* readRangeMarks(
  transaction: Transaction,
  scope: ScopeTokens,
  { from, to }: { from: string; to?: string | undefined },
  table: RowsTable,
): AsyncGenerator<PlacedMark[]> {
  let condition = 'id >= ?';
  for (let start = from; ; condition = 'id > ?') {
    const rows = await transaction.all<{ id: string; version: number | string }>(
      `SELECT id, version FROM ${table} WHERE ${WHERE_SCOPE} AND ${condition}${to === undefined ? '' : ' AND id < ?'} ` +
        `AND ${COUNTS} ORDER BY id LIMIT ${PAGE_ROWS}`,
      [...scope, start, ...(to === undefined ? [] : [to])],
    );
    if (rows.length > 0) yield rows.map(({ id, version }) => ({ place: id, version: Number(version) }));
    if (rows.length < PAGE_ROWS) return;
    start = rows.at(-1)!.id;
  }
}
