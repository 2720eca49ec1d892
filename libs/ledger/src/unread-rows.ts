import { escapeToken, unescapeToken, type RecordKey } from '@crm-mesh/contract';
import type { Store } from '@crm-mesh/store';

/** A record that is there, and of which something could not be read. */
export interface UnreadRecord {
  key: RecordKey;
  /** `amount`, `address.country` */
  fields: string[];
}

/** How many records of an entity could not be read whole, by the fields that were left out together. */
export interface UnreadCount extends Omit<RecordKey, 'id'> {
  fields: string[];
  records: number;
}

export interface UnreadRequest extends Pick<RecordKey, 'tenant' | 'connection'> {
  entity?: string | undefined;
  /** Behind this one; absent: from the first. */
  after?: Pick<RecordKey, 'entity' | 'id'> | undefined;
  limit: number;
}

type Row = Record<'tenant' | 'connection' | 'entity' | 'id' | 'unread', string> & { records: string | number };

const MARKED = "unread IS NOT NULL AND state = 'present'";

/** In the order of their keys. */
export async function readUnread(store: Store, request: UnreadRequest): Promise<UnreadRecord[]> {
  const { tenant, connection, entity, after, limit } = request;
  const conditions = [
    'tenant = ? AND connection = ?',
    ...(entity === undefined ? [] : ['entity = ?']),
    ...(after === undefined ? [] : ['(entity, id) > (?, ?)']),
  ].join(' AND ');
  const names = [tenant, connection, ...(entity === undefined ? [] : [entity])];
  const values = [...names, ...(after === undefined ? [] : [after.entity, after.id])].map(escapeToken);
  const rows = await store.read<Row>(
    `SELECT entity, id, unread FROM ledger WHERE ${MARKED} AND ${conditions} ORDER BY entity, id LIMIT ?`,
    [...values, limit],
  );
  return rows.map((row) => ({
    key: { tenant, connection, entity: unescapeToken(row.entity), id: unescapeToken(row.id) },
    fields: JSON.parse(row.unread) as string[],
  }));
}

/** In no order. */
export async function countUnread(store: Store): Promise<UnreadCount[]> {
  const columns = 'tenant, connection, entity, unread';
  const rows = await store.read<Row>(
    `SELECT ${columns}, count(*) AS records FROM ledger WHERE ${MARKED} GROUP BY ${columns}`,
  );
  return rows.map(({ tenant, connection, entity, unread, records }) => ({
    tenant: unescapeToken(tenant),
    connection: unescapeToken(connection),
    entity: unescapeToken(entity),
    fields: JSON.parse(unread) as string[],
    records: Number(records),
  }));
}
