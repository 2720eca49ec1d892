import type { CrmDescription } from '@crm-mesh/sdk';
import type { StoredShape } from '@crm-mesh/sources';
import type { Store } from '@crm-mesh/store';

/** What a CRM's metadata said last; undefined: it was never looked at. `connection`: `acme/hubspot`. */
export async function readSchema(store: Store, connection: string): Promise<CrmDescription | undefined> {
  const [row] = await store.read<{ description: string }>('SELECT description FROM crm_schemas WHERE connection = ?', [
    connection,
  ]);
  return row && (JSON.parse(row.description) as CrmDescription);
}

export async function saveSchema(
  store: Store,
  connection: string,
  seen: { description: CrmDescription; atMs: number },
): Promise<void> {
  await store.write((transaction) =>
    transaction.run(
      'INSERT INTO crm_schemas (connection, description, seen_ms) VALUES (?, ?, ?) ON CONFLICT (connection) ' +
        'DO UPDATE SET description = excluded.description, seen_ms = excluded.seen_ms',
      [connection, JSON.stringify(seen.description), seen.atMs],
    ),
  );
}

/** What the objects of a connection's entity look like, as far as was seen. */
export async function readShape(store: Store, connection: string, entity: string): Promise<StoredShape | undefined> {
  const [row] = await store.read<{ shape: string }>(
    'SELECT shape FROM payload_shapes WHERE connection = ? AND entity = ?',
    [connection, entity],
  );
  return row && (JSON.parse(row.shape) as StoredShape);
}

export async function saveShape(
  store: Store,
  { connection, entity }: { connection: string; entity: string },
  seen: { shape: { toJSON(): StoredShape }; atMs: number },
): Promise<void> {
  await store.write((transaction) =>
    transaction.run(
      'INSERT INTO payload_shapes (connection, entity, shape, seen_ms) VALUES (?, ?, ?, ?) ON CONFLICT (connection, entity) ' +
        'DO UPDATE SET shape = excluded.shape, seen_ms = excluded.seen_ms',
      [connection, entity, JSON.stringify(seen.shape), seen.atMs],
    ),
  );
}
