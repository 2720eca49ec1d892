import { MeshError } from '@crm-mesh/contract';
import { openStore } from '@crm-mesh/store';
import type { RunningMesh } from '../supervisor/running-mesh.js';

/** How many records of each kind were changed so that nobody hears of it. */
export interface Planted {
  /** In the CRM, whose webhooks were dropped. */
  untold: number;
  /** In contact-table's database: rows; absent where the mesh has no such file. */
  table?: { edited: number; deleted: number };
}

const TABLE = 'contact-table';
const TIMEOUT_MS = 10_000;
/** One is changed in the CRM, and of others three rows are. */
const CONTACTS_NEEDED = 4;

/** Two ways in which sides come to differ: a CRM that does not tell, and somebody at work in a database. */
export async function plantDifferences(sandboxUrl: string, { config }: RunningMesh): Promise<Planted> {
  const [changed, ...others] = await listIds(sandboxUrl, 'contacts', CONTACTS_NEEDED);
  // Linked with nothing: whom it was linked with would be changed by its end, too.
  const [archived] = await listIds(sandboxUrl, 'products', 1);
  await withoutWebhooks(sandboxUrl, async () => {
    const properties = { email: 'never.told@demo.example', firstname: 'Never', lastname: 'Told' };
    await ask(sandboxUrl, 'POST', 'objects/contacts', { properties });
    await ask(sandboxUrl, 'PATCH', `objects/contacts/${changed}`, { properties: { phone: '+49 30 000000' } });
    await ask(sandboxUrl, 'DELETE', `objects/products/${archived}`);
  });
  const url = findTableUrl(config.plugins);
  return { untold: 3, ...(url === undefined ? {} : { table: await editTable(url, others) }) };
}

function findTableUrl(plugins: RunningMesh['config']['plugins']): string | undefined {
  const { url, enabled } = plugins[TABLE] ?? {};
  return typeof url === 'string' && url.startsWith('sqlite:') && enabled !== false ? url : undefined;
}

/** Of those that are live, in the order of their ids. */
async function listIds(sandboxUrl: string, type: string, needed: number): Promise<string[]> {
  const records = (await ask(sandboxUrl, 'GET', `objects/${type}?limit=1000`)) as { id: string; state: string }[];
  const ids = records.filter(({ state }) => state === 'live').map(({ id }) => id);
  if (ids.length >= needed) return ids.toSorted();
  throw new MeshError('MESH_DEMO_FAILED', `The sandbox CRM has ${ids.length} ${type}, and ${needed} are needed.`);
}

/** The sandbox drops a webhook when it would be made, so that the knob may be turned back at once. */
async function withoutWebhooks(sandboxUrl: string, work: () => Promise<void>): Promise<void> {
  await ask(sandboxUrl, 'PUT', 'knobs', { dropRate: 1 });
  try {
    await work();
  } finally {
    await ask(sandboxUrl, 'PUT', 'knobs', { dropRate: 0 });
  }
}

async function editTable(url: string, [first, second, third]: string[]): Promise<NonNullable<Planted['table']>> {
  const store = await openStore({ url, migrations: [] });
  try {
    return await store.write(async (tx) => ({
      edited: await tx.run("UPDATE crm_contacts SET email = 'edited@demo.example' WHERE id IN (?, ?)", [
        first!,
        second!,
      ]),
      deleted: await tx.run('DELETE FROM crm_contacts WHERE id = ?', [third!]),
    }));
  } finally {
    await store.close();
  }
}

async function ask(sandboxUrl: string, method: string, path: string, body?: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const sent = body ? { headers, body: JSON.stringify(body) } : {};
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(`${sandboxUrl}/sandbox/${path}`, { method, ...sent, signal });
  if (!response.ok)
    throw new MeshError(
      'MESH_DEMO_FAILED',
      `The sandbox CRM answered ${response.status} to ${method} /sandbox/${path}.`,
    );
  return response.status === 204 ? undefined : response.json();
}
