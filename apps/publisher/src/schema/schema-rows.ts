import type { CrmDescription } from '@crm-mesh/sdk';
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
