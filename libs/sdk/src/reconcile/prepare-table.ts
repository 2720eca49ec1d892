import { escapeToken } from '@crm-mesh/contract';
import type { SinkTransaction, SinkWork } from '../sink/sink-transaction.js';
import { STAMP_COLUMNS, type CheckedTable } from './table-columns.js';
import { ensureTriggers } from './table-triggers.js';

const { place: PLACE, digest: DIGEST } = STAMP_COLUMNS;
/** Rows that get their stamps in one transaction; what is done stays done where `setup` runs out of time. */
const STAMPED_AT_ONCE = 1_000;
/** Held while the table is changed, so that two hosts that start at once do not both do it. Any number. */
const TABLE_LOCK = 72_631_906;

type InTransaction = <Result>(work: SinkWork<Result>) => Promise<Result>;
type Stamp = (id: string, version: number) => { mesh_place: string; mesh_digest: number };
type RowKey = readonly [tenant: string, connection: string, id: string];

/** Columns, index, triggers; then the stamps of rows that are there without. */
export async function prepareTable(table: CheckedTable, stamp: Stamp, transaction: InTransaction): Promise<void> {
  await transaction(async (tx) => {
    if (tx.dialect === 'postgres') await tx.all('SELECT pg_advisory_xact_lock(?)', [TABLE_LOCK]);
    await addColumns(tx, table);
    await ensureIndex(tx, table);
    await ensureTriggers(tx, table);
  });
  let behind: RowKey | undefined = ['', '', ''];
  while (behind) {
    const from: RowKey = behind;
    behind = await transaction((tx) => stampSome(tx, table, { stamp, behind: from }));
  }
}

async function addColumns(tx: SinkTransaction, { table }: CheckedTable): Promise<void> {
  const columns = { [PLACE]: 'text', [DIGEST]: 'bigint' };
  for (const [name, type] of Object.entries(columns)) {
    if (tx.dialect === 'postgres') await tx.run(`ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS ${name} ${type}`);
    else if (!(await hasColumn(tx, table, name))) await tx.run(`ALTER TABLE ${table} ADD COLUMN ${name} ${type}`);
  }
}

async function hasColumn(tx: SinkTransaction, table: string, name: string): Promise<boolean> {
  return (await tx.all('SELECT 1 FROM pragma_table_info(?) WHERE name = ?', [table, name])).length > 0;
}

/** All that digests and pages ask for: the table itself is not read for them. */
async function ensureIndex(tx: SinkTransaction, table: CheckedTable): Promise<void> {
  const { table: name, tenant, connection, version, held } = table;
  const place = tx.dialect === 'postgres' ? `${PLACE} COLLATE "C"` : PLACE;
  await tx.run(
    `CREATE INDEX IF NOT EXISTS mesh_places_of_${name} ON ${name} (${tenant}, ${connection}, ${place}, ${version}, ${DIGEST})
     ${held === undefined ? '' : `WHERE ${held}`}`,
  );
}

/** Returns behind which row to go on; undefined when there are no more. */
async function stampSome(
  tx: SinkTransaction,
  { table, tenant, connection, id, version }: CheckedTable,
  { stamp, behind }: { stamp: Stamp; behind: RowKey },
): Promise<RowKey | undefined> {
  const key = [tenant, connection, id].join(', ');
  const rows = await tx.all<{ t: string; c: string; i: string; v: number }>(
    `SELECT ${tenant} AS t, ${connection} AS c, ${id} AS i, ${version} AS v FROM ${table}
     WHERE ${PLACE} IS NULL AND (${key}) > (?, ?, ?) ORDER BY ${key} LIMIT ${STAMPED_AT_ONCE}`,
    behind,
  );
  const stamps = rows.flatMap(({ t, c, i, v }) => {
    if (!isPossible(i)) return [];
    const { mesh_place: p, mesh_digest: d } = stamp(i, v);
    return [{ t, c, i, p, d }];
  });
  const source = {
    sqlite: `(SELECT ${['t', 'c', 'i', 'p', 'd'].map((name) => `json_extract(value, '$.${name}') AS ${name}`).join(', ')}
      FROM json_each(?)) AS s`,
    postgres: 'json_to_recordset(CAST(? AS json)) AS s(t text, c text, i text, p text, d bigint)',
  };
  // One that somebody has put there keeps its spoilt digest.
  await tx.run(
    `UPDATE ${table} SET ${PLACE} = s.p, ${DIGEST} = coalesce(${table}.${DIGEST}, s.d) FROM ${source[tx.dialect]}
     WHERE ${table}.${tenant} = s.t AND ${table}.${connection} = s.c AND ${table}.${id} = s.i AND ${table}.${PLACE} IS NULL`,
    [JSON.stringify(stamps)],
  );
  const last = rows.at(-1);
  return last && rows.length === STAMPED_AT_ONCE ? [last.t, last.c, last.i] : undefined;
}

/** No event has such an id, so no record is behind the row. */
function isPossible(id: string): boolean {
  try {
    return escapeToken(id) !== '';
  } catch {
    return false;
  }
}
