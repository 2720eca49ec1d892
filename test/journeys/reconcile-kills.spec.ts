import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { connectNats, type Nats } from '@crm-mesh/jetstream';
import { startSandbox, UI_ACTOR, type RunningSandbox } from '@crm-mesh/sandbox/start';
import { createLogger } from '@crm-mesh/telemetry';
import { makeTempDir, startTestNats, type TempDir, type TestNats } from '@crm-mesh/testing';
import { MeshProcesses } from './mesh-processes.js';
import { keyOf, listCrmDifferences, listTableDifferences } from './reconcile-oracle.js';
import { createContact } from './reconcile-plants.js';
import {
  beginRun,
  CONNECTION,
  describeScene,
  endOf,
  listHandledRepairs,
  reconcile,
  untilSettled,
  writeTables,
  type TableRow,
} from './reconcile-scene.js';
import { describeMesh, HUBSPOT_SECRET, type LedgerRow } from './test-mesh.js';

// The publisher is killed while a run repairs, and started again: the run goes on where it was.

const CONTACTS = 300;
const KILLED_AFTER = 60;
const ALL = { how: 'over', repaired: CONTACTS, differences: CONTACTS };
const PLUGIN = 'faulty-table';
const WAIT = { timeout: 60_000, interval: 5 };

let server: TestNats;
let nats: Nats;
let folder: TempDir;
let sandbox: RunningSandbox;
let mesh: MeshProcesses;
let contacts: string[];

beforeAll(async () => {
  server = await startTestNats();
  folder = makeTempDir('reconcile-kills');
  const log = createLogger({ app: 'sandbox', level: 'silent' });
  const rateLimits = { maxPerInterval: 100_000, searchPerSecond: 100_000 };
  sandbox = await startSandbox({ log, clientSecret: HUBSPOT_SECRET, rateLimits });
  mesh = new MeshProcesses({ folder: folder.path, natsUrl: () => server.url });
  const plain = describeMesh({ url: sandbox.url, token: sandbox.accessToken });
  mesh.writeFiles(describeScene(plain, folder.path), {});
  writeTables(folder.path);
  await mesh.start('publisher');
  await mesh.start('host');
  sandbox.setTarget({ url: `${mesh.publisherUrl}/webhooks/${CONNECTION}` });
  nats = await connectNats({ name: 'reconcile-kills', url: server.url });
  contacts = Array.from({ length: CONTACTS }, (_, index) => createContact(sandbox.crm, `k${index}`));
  await sandbox.webhooks.whenSettled();
  await untilSettled(nats);
}, 120_000);
afterAll(async () => {
  await mesh?.killAll();
  await sandbox?.stop();
  await nats?.close();
  await server?.stop();
  folder?.remove();
});

function query<Row>(file: string, sql: string): Row[] {
  const database = new Database(join(folder.path, file), { readonly: true });
  try {
    return database.prepare(sql).all() as Row[];
  } finally {
    database.close();
  }
}

/** What lies in the database: what a publisher has only in memory is written within moments. */
const readLedger = (): LedgerRow[] =>
  query('.mesh/publisher.db', "SELECT * FROM ledger WHERE connection = 'hubspot' AND entity = 'contact'");
const readTable = (): TableRow[] => query(`${PLUGIN}.db`, 'SELECT * FROM crm_contacts');

/** Begins a run with repairs, kills the publisher among them, and starts it again. */
async function repairWithKill(pair: string, stream: 'CRM_DIRECT' | 'CRM_RAW'): Promise<ReturnType<typeof endOf>> {
  const before = (await nats.streamState(stream)).lastSequence;
  const { run } = await beginRun(nats, pair, { repair: true });
  await vi.waitFor(async () => {
    const { lastSequence } = await nats.streamState(stream);
    expect(lastSequence - before).toBeGreaterThanOrEqual(KILLED_AFTER);
  }, WAIT);
  await mesh.kill('publisher');
  const { lastSequence } = await nats.streamState(stream);
  expect(lastSequence - before, 'it was over before it could be killed').toBeLessThan(CONTACTS);
  await mesh.start('publisher');
  return endOf(nats, run);
}

it('repairs of a plugin: none is lost, none comes twice, and the run ends', { timeout: 120_000 }, async () => {
  const database = new Database(join(folder.path, `${PLUGIN}.db`));
  database.exec(`DELETE FROM crm_contacts WHERE rowid % 2 = 0; UPDATE crm_contacts SET phone = 'by hand'`);
  database.close();
  expect(await repairWithKill(PLUGIN, 'CRM_DIRECT')).toMatchObject(ALL);
  await untilSettled(nats);
  expect(listHandledRepairs(folder.path).toSorted()).toEqual(contacts.toSorted());
  expect(await countAudited()).toEqual(new Map(contacts.map((id) => [keyOf('contact', id), 1])));
  expect(listTableDifferences(readLedger(), readTable())).toEqual([]);
  expect((await reconcile(nats, PLUGIN)).labels).toEqual(new Map());
});

async function countAudited(): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for await (const { data } of nats.readStream('CRM_AUDIT', { fromSequence: 1, filterSubject: 'audit.repair.>' })) {
    const { record } = JSON.parse(Buffer.from(data).toString()) as { record: { entity: string; id: string } };
    const key = keyOf(record.entity, record.id);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return new Map([...counts].toSorted());
}

it('repairs of the ledger: each record is notified of once, and told once', { timeout: 120_000 }, async () => {
  sandbox.turnKnobs({ dropRate: 1 });
  for (const id of contacts) sandbox.crm.update({ type: 'contacts', id }, { firstname: `silent ${id}` }, UI_ACTOR);
  sandbox.turnKnobs({ dropRate: 0 });
  const [raw, events] = await Promise.all(['CRM_RAW', 'CRM_EVENTS'].map((stream) => nats.streamState(stream)));
  expect(await repairWithKill(CONNECTION, 'CRM_RAW')).toMatchObject(ALL);
  await untilSettled(nats);
  for (const [stream, { lastSequence }] of Object.entries({ CRM_RAW: raw!, CRM_EVENTS: events! }))
    expect(await listTold(stream, lastSequence + 1), stream).toEqual(contacts.toSorted());
  await vi.waitFor(() => expect(listCrmDifferences(sandbox.crm, 'contact', { ledger: readLedger() })).toEqual([]));
  expect((await reconcile(nats, CONNECTION)).labels).toEqual(new Map());
  expect((await reconcile(nats, PLUGIN)).labels).toEqual(new Map());
});

/** Ids, each as often as the stream has something of it. */
async function listTold(stream: string, fromSequence: number): Promise<string[]> {
  const ids: string[] = [];
  for await (const { data, subject } of nats.readStream(stream, { fromSequence, filterSubject: '>' })) {
    const { origin } = JSON.parse(Buffer.from(data).toString()) as { origin: string };
    expect(origin).toBe('repair');
    ids.push(subject.split('.').at(-1)!);
  }
  return ids.toSorted();
}
