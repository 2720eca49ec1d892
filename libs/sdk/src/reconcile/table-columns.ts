/** What a table must say of its rows, so that they can be compared. */
export interface TableColumns {
  /** Default `tenant`. */
  tenant?: string;
  /** Default `connection`. */
  connection?: string;
  /** The record's id as it is in events. Default `id`. */
  id?: string;
  /** An integer. Default `version`. */
  version?: string;
}

/** A table that is compared. */
export interface ReconcileTableOptions {
  /** Its name. */
  table: string;
  /** What its rows are: `contact`. */
  entity: string;
  /** Where they are not called so. */
  columns?: TableColumns;
  /** Columns that only the plugin writes: who changes them behind its back spoils the mark of the row. */
  watch: readonly string[];
  /** SQL over a row: whether it counts as held; for tables that keep rows of what is gone: `state = 'active'`. */
  held?: string;
}

/** Where a record stands, and what it adds to digests: `prepare` adds them to the table, `stamp` makes their values. */
export const STAMP_COLUMNS = { place: 'mesh_place', digest: 'mesh_digest' } as const;
/** What stands in the place of the digest once somebody has edited the row. */
export const SPOILT = -1;

/** Names are written into SQL as they are. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
/** What is named after the table must be no longer than 63 characters. */
const LONGEST_TABLE = 40;

/** The options with every default, checked. */
export interface CheckedTable extends Required<TableColumns> {
  table: string;
  entity: string;
  /** With those that say which record it is, and in which version. */
  watched: readonly string[];
  held: string | undefined;
}

/** Throws TypeError for what cannot stand in SQL as it is. */
export function checkTable({ table, entity, columns = {}, watch, held }: ReconcileTableOptions): CheckedTable {
  const { tenant = 'tenant', connection = 'connection', id = 'id', version = 'version' } = columns;
  const own = [tenant, connection, id, version];
  for (const name of [table, ...own, ...watch])
    if (!NAME.test(name)) throw new TypeError(`reconcileTable: "${name}" is no plain name of a table or column`);
  if (table.length > LONGEST_TABLE) throw new TypeError(`reconcileTable: "${table}" is longer than ${LONGEST_TABLE}`);
  if (held?.includes('?')) throw new TypeError('reconcileTable: held takes no parameters');
  return { table, entity, tenant, connection, id, version, held, watched: [...new Set([...own, ...watch])] };
}

/** To follow a condition: and the row counts. */
export function andHeld({ held }: CheckedTable): string {
  return held === undefined ? '' : ` AND (${held})`;
}
