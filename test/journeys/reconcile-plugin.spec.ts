import { mkdirSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { buildEvent, eventSubject, type AnyRecord, type RecordKey } from '@crm-mesh/contract';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { Ledger, LEDGER_MIGRATIONS } from '@crm-mesh/ledger';
import { askConsumer, comparePlugin, readSettledPosition, repairPlugin, type Mismatch } from '@crm-mesh/reconciliation';
import { openStore, type Store } from '@crm-mesh/store';
import { createLogger } from '@crm-mesh/telemetry';
import { makeTempDir, startTestNats, type TempDir, type TestNats } from '@crm-mesh/testing';
import { startHost, type RunningHost } from '../../apps/host/src/start-host.js';
import { ROOT } from '../house/repository.js';

// contact-table in a host, a ledger, and what happens to rows behind their backs.

const PLUGIN = 'contact-table';
const SCOPE = { tenant: 'acme', connection: 'hubspot', entity: 'contact' };
const LOG = createLogger({ app: 'test', level: 'silent' });
const CONTACTS = 1_200;

let server: TestNats;
let nats: Nats;
let temp: TempDir;
let store: Store;
let ledger: Ledger;
let host: RunningHost;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'test', url: server.url });
  await ensureStreams(nats);
  temp = makeTempDir('reconcile');
  mkdirSync(join(temp.path, 'plugins'));
  copyFileSync(join(ROOT, `plugins/${PLUGIN}.plugin.ts`), join(temp.path, `plugins/${PLUGIN}.plugin.ts`));
  writeFileSync(join(temp.path, 'mesh.yaml'), `plugins: { ${PLUGIN}: { url: 'sqlite:${file()}' } }`);
  host = await startHost({ env: { NATS_URL: server.url }, cwd: temp.path, log: LOG });
  store = await openStore({ url: 'sqlite::memory:', migrations: LEDGER_MIGRATIONS });
  ledger = await Ledger.open({ nats, store, log: LOG });
});
afterAll(async () => {
  await host?.stop();
  await ledger?.close();
  await store?.close();
  await nats?.close();
  await server?.stop();
  temp?.remove();
});

const file = (): string => join(temp.path, 'contacts.db');
const keyOf = (id: string): RecordKey => ({ ...SCOPE, id });

async function tell(id: string, action: string, version: number): Promise<void> {
  const address = { ...keyOf(id), action };
  const record = { id, email: `${id}.${version}@example.com` } as AnyRecord;
  const parts = { address, version, origin: 'webhook' as const, time: new Date().toISOString(), changes: {} };
  const event = buildEvent({ ...parts, record, correlationId: 'c', causationId: 'c' });
  await nats.publish({ subject: eventSubject(address), payload: JSON.stringify(event), messageId: event.id });
}

async function untilSettled(): Promise<void> {
  await vi.waitFor(
    async () => {
      for (const stream of ['CRM_EVENTS', 'CRM_DIRECT'])
        expect((await nats.durableState(stream, PLUGIN)) ?? { pending: 0, ackPending: 0 }).toMatchObject({
          ...{ pending: 0, ackPending: 0 },
        });
    },
    { timeout: 60_000, interval: 50 },
  );
  await ledger.refresh();
}

async function compare(pageSize: number): Promise<Mismatch[]> {
  const ask = askConsumer(nats, PLUGIN);
  const settledUpTo = () => readSettledPosition(nats, PLUGIN);
  const comparison = comparePlugin({ ask, ledger, scope: SCOPE, settledUpTo, pageSize });
  const found: Mismatch[] = [];
  for await (const step of comparison.steps(undefined, new AbortController().signal)) found.push(...step.found);
  return found;
}

const show = ({ record, kind }: Mismatch): string => `${record.id} ${kind}`;

it('what somebody has done to rows is found, and a repair brings it back', { timeout: 120_000 }, async () => {
  await Promise.all(Array.from({ length: CONTACTS }, (_, index) => tell(String(index), 'created', 1)));
  await tell('7', 'deleted', 2);
  await untilSettled();
  expect(await compare(10_000)).toEqual([]);

  const database = new Database(file());
  database.exec("UPDATE crm_contacts SET email = 'edited@example.com' WHERE id = '1'");
  database.exec("DELETE FROM crm_contacts WHERE id = '2'");
  database.exec("UPDATE crm_contacts SET state = 'active' WHERE id = '7'");
  database.exec(
    "INSERT INTO crm_contacts (tenant, connection, id, state, version) VALUES ('acme', 'hubspot', 'x', 'active', 1)",
  );
  const found = await compare(10_000);
  expect(found.map(show).toSorted()).toEqual(['1 edited', '2 missing', '7 extra', 'x extra']);
  expect((await compare(50)).map(show)).toEqual(found.map(show));

  const repairer = repairPlugin({ nats, consumer: PLUGIN, ask: askConsumer(nats, PLUGIN), ledger });
  const outcomes = new Map<string, string>();
  for (const mismatch of found)
    outcomes.set(
      mismatch.record.id,
      await repairer.repair(mismatch, { run: 'r', by: 'ann', label: 'edited-downstream' }),
    );
  expect(Object.fromEntries(outcomes)).toEqual({ 1: 'sent', 2: 'sent', 7: 'sent', x: 'impossible' });
  await vi.waitFor(async () => expect((await compare(10_000)).map(show)).toEqual(['x extra']), {
    timeout: 60_000,
    interval: 200,
  });
  const rows = database
    .prepare("SELECT id, email, state FROM crm_contacts WHERE id IN ('1', '2', '7') ORDER BY id")
    .all();
  expect(rows).toEqual([
    { id: '1', email: '1.1@example.com', state: 'active' },
    { id: '2', email: '2.1@example.com', state: 'active' },
    { id: '7', email: null, state: 'deleted' },
  ]);
  database.close();
});
