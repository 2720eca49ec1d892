import { LEDGER_MIGRATIONS } from '@crm-mesh/ledger';
import { reconcileTable } from '@crm-mesh/sdk';
import { openStore, type Store } from '@crm-mesh/store';
import { TENANT } from './crm-messages.js';

// A ledger and the table of a plugin that hold the same contacts but for some. Both are filled by statements: the mesh would
// take an hour.

/** Where the two lie. */
export interface SideUrls {
  ledger: string;
  sink: string;
}

export const HOLDER = 'holder';
const TABLE = {
  ...{ table: 'contacts', entity: 'contact', held: "state = 'active'" },
  watch: ['state', 'email', 'first_name', 'last_name', 'phone'],
};
const FIRST_ID = 70_000_000_000;
const ID_STEP = 37;
const KINDS = ['missing', 'extra', 'stale', 'edited'] as const;
/** All others have a later one. */
const STALE_VERSION = 1;

/** How many of so many differences the ledger has not got. */
export const countExtra = (differences: number): number => Math.floor((differences + 2) / KINDS.length);

const idOf = (index: number): string => String(FIRST_ID + index * ID_STEP);

// `?`: how many, and the connection.
const NUMBERS = 'WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1)';
const ID = `CAST(${FIRST_ID} + i * ${ID_STEP} AS text)`;
const SHARED = `'${TENANT}', CAST(? AS varchar(255))`;
const VERSION = '2 + i % 7';
const LEDGER_ROWS = `${NUMBERS} INSERT INTO ledger (tenant, connection, entity, id, version, state, hash, sequence,
    modified_at, content_at, seen_at, aliases, data)
  SELECT ${SHARED}, 'contact', ${ID}, ${VERSION}, 'present',
    '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', 0, 1768464000000, 1768464000000, 1768464000000, '[]',
    '{"id":"' || ${ID} || '","ownerId":"51834027","createdAt":"2025-11-03T08:12:44.000Z","modifiedAt":"2026-01-15T08:00:00.000Z",'
    || '"email":"contact.' || i || '@example.com","firstName":"First ' || i || '","lastName":"Last ' || i || '",'
    || '"phone":"+49 30 901820","companyId":"9008134721","address":{"street":"Unter den Linden 1","city":"Berlin","country":"DE"},'
    || '"custom":{"region":"emea","lifecycle":"customer"}}' FROM n`;
const SINK_TABLE = `CREATE TABLE contacts (tenant text, connection text, id text, version integer NOT NULL, state text,
  email text, first_name text, last_name text, phone text, PRIMARY KEY (tenant, connection, id))`;
const SINK_ROWS = `${NUMBERS} INSERT INTO contacts (tenant, connection, id, version, state, email, first_name, last_name, phone)
  SELECT ${SHARED}, ${ID}, ${VERSION}, 'active', 'contact.' || i || '@example.com', 'First ' || i, 'Last ' || i,
    '+49 30 901820' FROM n`;

/** The plugin, as the host loads it: it holds the table, and does nothing. */
export function writeHolder(sink: string): string {
  return `
import { definePlugin, reconcileTable } from '@crm-mesh/sdk';
const contacts = reconcileTable(${JSON.stringify(TABLE)});
export default definePlugin({
  name: '${HOLDER}',
  events: ['contact.*'],
  sink: () => ${JSON.stringify(sink)},
  setup: ({ transaction }) => contacts.prepare(transaction),
  handle() {},
  reconcile: contacts.reconcile,
});
`;
}

/** Fills both for each connection, and plants `differences` in each. Resolves to what there is to find, by connection. */
export async function fillSides(
  urls: SideUrls,
  connections: Readonly<Record<string, number>>,
  differences: number,
): Promise<Map<string, string[]>> {
  const ledger = await openStore({ url: urls.ledger, migrations: LEDGER_MIGRATIONS });
  const sink = await openStore({ url: urls.sink, migrations: [] });
  await sink.write((tx) => tx.run(SINK_TABLE));
  const planted = new Map<string, string[]>();
  for (const [connection, records] of Object.entries(connections)) {
    await ledger.write((tx) => tx.run(LEDGER_ROWS, [records, connection]));
    await sink.write((tx) => tx.run(SINK_ROWS, [records, connection]));
  }
  const contacts = reconcileTable(TABLE);
  // The rows are there already: so it gives each its place and digest.
  await contacts.prepare((work) => sink.write((tx) => work({ dialect: sink.dialect, run: tx.run, all: tx.all })));
  for (const [connection, records] of Object.entries(connections))
    planted.set(connection, await plant({ ledger, sink }, connection, { records, differences }));
  // As autovacuum does it in its own time.
  if (ledger.dialect === 'postgres') await ledger.read('VACUUM ANALYZE ledger');
  if (sink.dialect === 'postgres') await sink.read('VACUUM ANALYZE contacts');
  await ledger.close();
  await sink.close();
  return planted;
}

/** Spread over all records; the ledger has no digests yet, and makes them of the rows when it is opened. */
async function plant(
  { ledger, sink }: { ledger: Store; sink: Store },
  connection: string,
  { records, differences }: { records: number; differences: number },
): Promise<string[]> {
  const contacts = reconcileTable(TABLE);
  const key = [TENANT, connection];
  const WHERE = 'WHERE tenant = ? AND connection = ? AND id = ?';
  const planted: string[] = [];
  for (let number = 0; number < differences; number += 1) {
    const id = idOf(Math.floor(((number + 0.5) * records) / differences));
    const kind = KINDS[number % KINDS.length]!;
    const stamp = contacts.stamp(id, STALE_VERSION);
    const [store, change, values] = {
      missing: [sink, `DELETE FROM contacts ${WHERE}`, []] as const,
      extra: [ledger, `UPDATE ledger SET state = 'deleted', data = NULL, version = version + 1 ${WHERE}`, []] as const,
      stale: [
        sink,
        `UPDATE contacts SET version = ?, mesh_place = ?, mesh_digest = ? ${WHERE}`,
        [STALE_VERSION, stamp.mesh_place, stamp.mesh_digest],
      ] as const,
      edited: [sink, `UPDATE contacts SET email = 'edited@example.com' ${WHERE}`, []] as const,
    }[kind];
    const changed = await store.write((tx) => tx.run(change, [...values, ...key, id]));
    if (changed !== 1) throw new Error(`${kind} ${id} could not be planted`);
    planted.push(`${kind} ${id}`);
  }
  return planted.toSorted();
}
