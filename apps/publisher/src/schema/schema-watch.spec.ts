import { connectNats, ensureStreams, type Lease, type Nats } from '@crm-mesh/jetstream';
import { defineSource, Unavailable, type CrmDescription } from '@crm-mesh/sdk';
import { openStore, type Store } from '@crm-mesh/store';
import { createMetrics } from '@crm-mesh/telemetry';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Connection } from '../connections/connections.js';
import { openConnections } from '../connections/open-connections.js';
import { quietLog as log } from '../publisher.fixture.js';
import { SCHEMA_MIGRATIONS } from './migrations.js';
import { SchemaWatch } from './schema-watch.js';

const FIRST: CrmDescription = { deal: { fields: { amount: { type: 'number' }, region: { type: 'string' } } } };
const SECOND: CrmDescription = { deal: { fields: { amount: { type: 'string' } } } };

let server: TestNats;
let nats: Nats;
let store: Store;
let connection: Connection;
const crm = { description: FIRST, fails: false, asked: 0 };

const source = defineSource<object>({
  name: 'described',
  config: class {},
  describe: () => {
    crm.asked += 1;
    return crm.fails ? Promise.reject(new Unavailable('The CRM is away.')) : Promise.resolve(crm.description);
  },
  reads: (entity) => (entity === 'deal' ? ['amount'] : []),
  map: () => ({ state: 'deleted' }),
});

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'schema-watch-spec', url: server.url });
  await ensureStreams(nats);
});

afterAll(async () => {
  await nats.close();
  await server.stop();
});

beforeEach(async () => {
  const audit = await nats.streamState('CRM_AUDIT');
  await nats.purgeBelow('CRM_AUDIT', audit.lastSequence + 1);
  store = await openStore({ url: 'sqlite::memory:', migrations: SCHEMA_MIGRATIONS });
  Object.assign(crm, { description: FIRST, fails: false, asked: 0 });
  // A name of its own for each test: what was told within the stream's window is not told again.
  const configured = [
    { tenant: 'acme', name: `crm-${expect.getState().currentTestName?.length}`, source: 'described', config: {} },
  ];
  const mapping = { entities: { deal: { fields: { 'custom.area': 'region' } } } };
  const connections = await openConnections({
    configured: configured.map((one) => ({ ...one, mapping })),
    ...{ sources: [source], cacheFolder: '', publicUrl: () => '', log, now: Date.now },
  });
  connection = connections.all[0]!;
});

afterEach(() => store.close());

function watch(part: { lease?: Lease; everyMs?: number } = {}): SchemaWatch {
  const lease = part.lease ?? {
    epoch: 1,
    isHeld: () => true,
    lost: new Promise<void>(() => undefined),
    release: () => Promise.resolve(),
  };
  return new SchemaWatch({
    ...{
      nats,
      store,
      listConnections: () => [connection],
      log,
      metrics: createMetrics({ app: 'publisher' }),
      now: Date.now,
    },
    acquireLease: () => Promise.resolve(lease as Lease),
    firstAfterMs: 0,
    everyMs: part.everyMs ?? 10,
  });
}

async function readTold(): Promise<{ kind: string; field?: string; readBy: object; connection: string }[]> {
  const told: unknown[] = [];
  for await (const { data } of nats.readStream('CRM_AUDIT', { fromSequence: 1 }))
    told.push(JSON.parse(Buffer.from(data).toString()));
  return told as never;
}

describe('the schema of a CRM', () => {
  it('is taken as it is at the first look', async () => {
    await watch().look(connection);
    expect(await readTold()).toEqual([]);
  });

  it('is told where it changed, with who reads it, and once', async () => {
    await watch().look(connection);
    crm.description = SECOND;
    await watch().look(connection);
    await watch().look(connection);
    expect(await readTold()).toMatchObject([
      {
        did: 'schema-changed',
        kind: 'type-changed',
        field: 'amount',
        before: 'number',
        after: 'string',
        readBy: { source: true, mappings: [] },
      },
      { kind: 'field-removed', field: 'region', readBy: { source: false, mappings: ['deal.custom.area'] } },
    ]);
  });

  it('is told the next time when it could not be read, or told, now', async () => {
    await watch().look(connection);
    Object.assign(crm, { description: SECOND, fails: true });
    await watch().look(connection);
    expect(await readTold()).toEqual([]);
    crm.fails = false;
    const publish = vi.spyOn(nats, 'publish').mockRejectedValueOnce(new Error('away'));
    await watch().look(connection);
    publish.mockRestore();
    expect(await readTold()).toEqual([]);
    await watch().look(connection);
    expect(await readTold()).toHaveLength(2);
  });

  it('is looked at again and again by who has the lease, until it is lost', async () => {
    let lose = (): void => undefined;
    const lost = new Promise<void>((resolve) => (lose = resolve));
    const running = watch({ lease: { lost, release: () => Promise.resolve() } as Lease });
    running.start();
    await vi.waitFor(() => expect(crm.asked).toBeGreaterThan(3));
    lose();
    await running.stop();
  });
});
