import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** Reads one of the mesh's databases while its app may be writing; what is not there yet holds nothing. */
export function readRows<Row>(file: string, table: string, sql: string): Row[] {
  if (!existsSync(file)) return [];
  const database = new Database(file, { readonly: true, timeout: 5_000 });
  try {
    const known = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table);
    return known === undefined ? [] : (database.prepare(sql).all() as Row[]);
  } finally {
    database.close();
  }
}

/** Rows of what is to be done yet. */
export function countWaiting(storeFolder: string): Record<string, number> {
  const count = (file: string, table: string): number =>
    readRows<{ rows: number }>(join(storeFolder, file), table, `SELECT COUNT(*) AS rows FROM ${table}`)[0]?.rows ?? 0;
  return {
    outbox: count('publisher.db', 'publisher_outbox'),
    'parked by the normaliser': count('publisher.db', 'delivery_parked'),
    'parked by the host': count('host.db', 'delivery_parked'),
  };
}
