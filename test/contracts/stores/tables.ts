import type { Store } from '@crm-mesh/store';

/** Columns of every table of ours, by table: `name type [not null] [key]`, as the database words it. */
export async function describeTables(store: Store): Promise<Record<string, string[]>> {
  const tables: Record<string, string[]> = {};
  const rows = await store.read<{ tablename: string; columnname: string; kind: string; nullable: unknown }>(
    store.dialect === 'sqlite' ? SQLITE_COLUMNS : POSTGRES_COLUMNS,
  );
  for (const { tablename, columnname, kind, nullable } of rows)
    (tables[tablename] ??= []).push(`${columnname} ${kind} ${String(nullable)}`);
  return tables;
}

const SQLITE_COLUMNS = `
  SELECT t.name AS tablename, c.name AS columnname, c.type AS kind, c."notnull" || ' ' || c.pk AS nullable
  FROM sqlite_master t JOIN pragma_table_info(t.name) c
  WHERE t.type = 'table' AND t.name NOT IN ('migrations', 'sqlite_sequence') ORDER BY t.name, c.cid`;
const POSTGRES_COLUMNS = `
  SELECT table_name AS tablename, column_name AS columnname, data_type AS kind, is_nullable AS nullable
  FROM information_schema.columns WHERE table_schema = current_schema() AND table_name <> 'migrations'
  ORDER BY table_name, ordinal_position`;
