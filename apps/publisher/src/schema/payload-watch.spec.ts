import type { Notification } from '@crm-mesh/contract';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import type { CrmDescription, Source } from '@crm-mesh/sdk';
import { openStore, type Store } from '@crm-mesh/store';
import { createMetrics } from '@crm-mesh/telemetry';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Connection } from '../connections/connections.js';
import { makeNotification } from '../normaliser/folded.fixture.js';
import { quietLog as log } from '../publisher.fixture.js';
import { SCHEMA_MIGRATIONS } from './migrations.js';
import { PayloadWatch } from './payload-watch.js';
import { readShape } from './schema-rows.js';

let server: TestNats;
let nats: Nats;
let store: Store;
let nowMs: number;
let connection: Connection;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'payload-watch-spec', url: server.url });
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
  nowMs = 0;
  connection = connect({ reads: () => ['price'] });
});

afterEach(() => store.close());

/** A name of its own for each test: what was told within the stream's window is not told again. */
function connect(source: Partial<Source>): Connection {
  const ruled = new Map([['deal', new Map([['custom.area', 'data.region']])]]);
  const name = `crm-${expect.getState().currentTestName?.length}`;
  return { tenant: 'acme', name, source, context: { config: {} }, ruled } as unknown as Connection;
}

const open = (): PayloadWatch =>
  new PayloadWatch({ nats, store, log, metrics: createMetrics({ app: 'publisher' }), now: () => nowMs });

/** Shows the objects, one a second; the first waits until the watch knows what was saved. */
async function show(watch: PayloadWatch, count: number, data: object, part: Partial<Notification> = {}): Promise<void> {
  const notification = makeNotification({ payload: { data }, ...part });
  const before = JSON.stringify(await readShape(store, `acme/${connection.name}`, 'deal'));
  for (let at = 0; at < count; at += 1) {
    nowMs += 1_000;
    watch.look(connection, notification, undefined);
    if (at === 0 && part.origin !== 'backfill')
      await vi.waitFor(async () => {
        watch.look(connection, notification, undefined);
        await watch.flush();
        expect(JSON.stringify(await readShape(store, `acme/${connection.name}`, 'deal'))).not.toBe(before);
      });
  }
}

async function readTold(): Promise<Record<string, unknown>[]> {
  const told: Record<string, unknown>[] = [];
  for await (const { data } of nats.readStream('CRM_AUDIT', { fromSequence: 1 }))
    told.push(JSON.parse(Buffer.from(data).toString()) as Record<string, unknown>);
  return told;
}

describe('what CRMs send', () => {
  it('is told where it changed, with who reads it, and once also over a restart', async () => {
    const first = open();
    await show(first, 110, { price: 5, region: 'north' });
    expect(await readTold()).toEqual([]);
    await show(first, 5, { price: '5', region: 7 });
    await first.stop();
    const told = await readTold();
    expect(told).toMatchObject([
      {
        ...{ did: 'schema-changed', kind: 'type-changed', field: 'data.price', before: 'number', after: 'string' },
        ...{ connection: `acme/${connection.name}`, entity: 'deal', seenIn: 'payloads' },
        readBy: { source: true, mappings: [], plugins: [] },
      },
      { field: 'data.region', readBy: { source: false, mappings: ['deal.custom.area'] } },
    ]);
    const second = open();
    await show(second, 20, { price: '5', region: 7 });
    await second.stop();
    expect(await readTold()).toEqual(told);
  });

  it('is told the next time when it could not be told now', async () => {
    const watch = open();
    await show(watch, 110, { price: 5 });
    await show(watch, 5, { price: '5' });
    const publish = vi.spyOn(nats, 'publish').mockRejectedValueOnce(new Error('away'));
    await watch.flush();
    publish.mockRestore();
    await watch.flush();
    expect(await readTold()).toHaveLength(1);
    await watch.stop();
  });

  it('leaves to the metadata of a CRM what is new, and old records out', async () => {
    connection = connect({ describe: () => Promise.resolve<CrmDescription>({}) });
    const watch = open();
    await show(watch, 110, { price: 5 });
    await show(watch, 50, { price: '5' }, { origin: 'backfill' });
    await show(watch, 5, { price: 5, region: 'north' });
    await watch.stop();
    expect(await readTold()).toEqual([]);
  });

  it('is looked at no more often than a few times a second', async () => {
    const watch = open();
    await show(watch, 1, { price: 5 });
    nowMs += 1_000;
    for (let at = 0; at < 1_000; at += 1)
      watch.look(connection, makeNotification({ payload: { price: 5 } }), undefined);
    await watch.stop();
    const { objects } = (await readShape(store, `acme/${connection.name}`, 'deal'))!;
    expect(objects).toBeLessThanOrEqual(40);
  });
});
