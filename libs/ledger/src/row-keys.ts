import { escapeToken, type RecordKey } from '@crm-mesh/contract';
import { cutIntoStatements, type Transaction } from '@crm-mesh/store';

// Tokens are kept escaped: then any id is legal text in both databases.
export const KEY = ['tenant', 'connection', 'entity', 'id'] as const;

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
