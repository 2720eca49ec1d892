import { hash } from 'node:crypto';
import type { SinkTransaction } from '../sink/sink-transaction.js';
import { SPOILT, STAMP_COLUMNS, type CheckedTable } from './table-columns.js';

const { place: PLACE, digest: DIGEST } = STAMP_COLUMNS;
/** Ids that are their own places; others get theirs at the next `prepare`. */
const PLAIN = 'A-Za-z0-9_~:@=+-';

/**
 * Who changes a watched column and leaves the digest as it is does not know of it: it is not the plugin. Nor is it who puts a
 * row there without a place. Both leave a spoilt digest.
 */
export async function ensureTriggers(tx: SinkTransaction, table: CheckedTable): Promise<void> {
  const write = { sqlite: writeForSqlite, postgres: writeForPostgres }[tx.dialect];
  const start = `mesh_marks_of_${table.table.toLowerCase()}_`;
  // Its name says what is in it: another list of columns makes another one.
  const name = start + hash('sha256', write(table, 'x').join()).slice(0, 8);
  const found = await listTriggers(tx, table.table);
  const old = found.filter((each) => each.startsWith(start) && !each.startsWith(name));
  for (const each of old) await tx.run(`DROP TRIGGER ${each}${tx.dialect === 'postgres' ? ` ON ${table.table}` : ''}`);
  if (found.some((each) => each.startsWith(name))) return;
  for (const statement of write(table, name)) await tx.run(statement);
}

async function listTriggers(tx: SinkTransaction, table: string): Promise<string[]> {
  const rows = await {
    sqlite: () =>
      tx.all<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE",
        [table],
      ),
    postgres: () =>
      tx.all<{ name: string }>(
        'SELECT tgname AS name FROM pg_trigger WHERE tgrelid = to_regclass(?) AND NOT tgisinternal',
        [table],
      ),
  }[tx.dialect]();
  return rows.map(({ name }) => name);
}

function writeForSqlite({ table, tenant, connection, id, watched }: CheckedTable, name: string): string[] {
  const row = [tenant, connection, id].map((column) => `${column} IS NEW.${column}`).join(' AND ');
  const changed = watched.map((column) => `NEW.${column} IS NOT OLD.${column}`).join(' OR ');
  return [
    `CREATE TRIGGER ${name}_edited AFTER UPDATE OF ${watched.join(', ')} ON ${table}
     WHEN NEW.${DIGEST} IS OLD.${DIGEST} AND (${changed})
     BEGIN UPDATE ${table} SET ${DIGEST} = ${SPOILT} WHERE ${row}; END`,
    `CREATE TRIGGER ${name}_added AFTER INSERT ON ${table} WHEN NEW.${PLACE} IS NULL
     BEGIN UPDATE ${table} SET ${DIGEST} = ${SPOILT},
       ${PLACE} = CASE WHEN NEW.${id} GLOB '*[^${PLAIN}]*' THEN NULL ELSE NEW.${id} END WHERE ${row}; END`,
  ];
}

function writeForPostgres({ table, id, watched }: CheckedTable, name: string): string[] {
  const changed = watched.map((column) => `NEW.${column} IS DISTINCT FROM OLD.${column}`).join(' OR ');
  return [
    `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $mesh$ BEGIN
       IF TG_OP = 'INSERT' THEN
         IF NEW.${PLACE} IS NULL THEN
           NEW.${DIGEST} := ${SPOILT};
           IF NEW.${id} ~ '^[${PLAIN}]+$' THEN NEW.${PLACE} := NEW.${id}; END IF;
         END IF;
       ELSIF NEW.${DIGEST} IS NOT DISTINCT FROM OLD.${DIGEST} AND (${changed}) THEN
         NEW.${DIGEST} := ${SPOILT};
       END IF;
       RETURN NEW;
     END $mesh$`,
    `CREATE TRIGGER ${name} BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION ${name}()`,
  ];
}
