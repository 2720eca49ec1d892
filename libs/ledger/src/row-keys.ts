import { escapeToken, type RecordKey } from '@crm-mesh/contract';
import type { Transaction } from '@crm-mesh/store';

// Tokens are kept escaped: then any id is legal text in both databases.
export const KEY = ['tenant', 'connection', 'entity', 'id'] as const;
// So many rows a statement, and of SQLite's 32,766 parameters: few texts, each of them prepared once.
const ROWS_PER_STATEMENT = [100, 10, 1];

/** Columns of an entity of a connection, escaped. */
export type ScopeTokens = readonly [tenant: string, connection: string, entity: string];

export function keyValues(key: RecordKey): [...ScopeTokens, id: string] {
  const { tenant, connection, entity, id } = key;
  return [escapeToken(tenant), escapeToken(connection), escapeToken(entity), escapeToken(id)];
}

/** One text for a key, of its escaped tokens, which hold no dot. */
export function nameKey(key: RecordKey): string {
  return keyValues(key).join('.');
}

/** Where each statement begins, and of how many rows it is. */
export function* cutIntoStatements(rows: number): Generator<[start: number, size: number]> {
  let start = 0;
  for (const size of ROWS_PER_STATEMENT) for (; rows - start >= size; start += size) yield [start, size];
}

/** Rows of many records, those that there are. */
export async function readByIds<Row>(
  source: Pick<Transaction, 'all'>,
  keys: readonly RecordKey[],
  select: string,
): Promise<Row[]> {
  const found: Row[] = [];
  for (const { scope, ids } of groupByScope(keys)) {
    for (const [start, size] of cutIntoStatements(ids.length)) {
      const places = Array<string>(size).fill('?').join(', ');
      const where = `WHERE tenant = ? AND connection = ? AND entity = ? AND id IN (${places})`;
      const values = [...scope, ...ids.slice(start, start + size)];
      found.push(...(await source.all<Row>(`${select} ${where}`, values)));
    }
  }
  return found;
}

function groupByScope(keys: readonly RecordKey[]): Iterable<{ scope: ScopeTokens; ids: string[] }> {
  const groups = new Map<string, { scope: ScopeTokens; ids: string[] }>();
  for (const key of keys) {
    const [tenant, connection, entity, id] = keyValues(key);
    const name = `${tenant}.${connection}.${entity}`;
    const group = groups.get(name);
    if (group) group.ids.push(id);
    else groups.set(name, { scope: [tenant, connection, entity], ids: [id] });
  }
  return groups.values();
}
