import { notificationMessageId, rawSubject, type AnyRecord, type MeshEvent } from '@crm-mesh/contract';
import { DELIVERY_MIGRATIONS } from '@crm-mesh/delivery';
import { connectNats, ensureStreams, type Lease, type Nats } from '@crm-mesh/jetstream';
import { Ledger, LEDGER_MIGRATIONS } from '@crm-mesh/ledger';
import { defineSource } from '@crm-mesh/sdk';
import { openStore } from '@crm-mesh/store';
import { createMetrics } from '@crm-mesh/telemetry';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openConnections } from '../connections/open-connections.js';
import { quietLog as log } from '../publisher.fixture.js';
import { at, makeNotification } from './folded.fixture.js';
import { Normaliser } from './normaliser.js';

class NoConfig {}

const source = defineSource<object>({
  name: 'fat',
  config: NoConfig,
  map: ({ notification }) => ({
    state: 'present',
    record: { id: notification.id, ...(notification.payload as object) } as AnyRecord,
  }),
});

/** As if a former leader had woken up and believed that it still leads. */
const always: Lease = {
  name: 'normaliser',
  epoch: 1,
  isHeld: () => true,
  lost: new Promise(() => undefined),
  sinceMs: 0,
  onWish: () => undefined,
  release: () => Promise.resolve(),
};

let server: TestNats;
let nats: Nats;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'two-normalisers-spec', url: server.url });
  await ensureStreams(nats);
});

afterAll(async () => {
  await nats.close();
  await server.stop();
});

async function startNormaliser(): Promise<{ normaliser: Normaliser; stop(): Promise<void> }> {
  const own = await connectNats({ name: 'two-normalisers-spec', url: server.url });
  const store = await openStore({ url: 'sqlite::memory:', migrations: [...DELIVERY_MIGRATIONS, ...LEDGER_MIGRATIONS] });
  const ledger = await Ledger.open({ nats: own, store, log });
  const configured = [{ tenant: 'acme', name: 'crm', source: 'fat', config: {} }];
  const parts = { configured, sources: [source], cacheFolder: '', publicUrl: () => '', log, now: Date.now };
  const connections = await openConnections(parts);
  const normaliser = new Normaliser({
    nats: own,
    store,
    ledger,
    connections,
    log,
    metrics: createMetrics({ app: 'publisher' }),
    version: '0',
    acquireLease: () => Promise.resolve(always),
    decideBarrier: () => ({ kind: 'open' }),
    now: Date.now,
  });
  normaliser.start();
  const stop = async (): Promise<void> => {
    await normaliser.stop();
    await ledger.close();
    await own.close();
    await store.close();
  };
  return { normaliser, stop };
}

async function notify(id: string, step: number): Promise<void> {
  const part = {
    entity: 'contact',
    id,
    dedupeKey: `${id}/${step}`,
    modifiedAt: at(step),
    payload: { email: `mail ${step}` },
  };
  const notification = makeNotification(part);
  await nats.publish({
    subject: rawSubject(notification),
    payload: JSON.stringify(notification),
    messageId: notificationMessageId(notification),
  });
}

async function readEvents(id: string): Promise<MeshEvent<'contact.*'>[]> {
  const events: MeshEvent<'contact.*'>[] = [];
  for await (const message of nats.readStream('CRM_EVENTS', {
    fromSequence: 1,
    filterSubject: `crm.*.*.contact.*.${id}`,
  })) {
    events.push(JSON.parse(Buffer.from(message.data).toString()) as MeshEvent<'contact.*'>);
  }
  return events;
}

it('two normalisers at once never fork a record: versions 1 … n, each once', async () => {
  const both = [await startNormaliser(), await startNormaliser()];
  const ids = Array.from({ length: 10 }, (_, index) => `f${index}`);
  for (let step = 1; step <= 60; step += 1) await Promise.all(ids.map((id) => notify(id, step)));
  await vi.waitFor(
    async () => {
      const durable = await nats.durableState('CRM_RAW', 'normaliser');
      expect([durable?.pending, durable?.ackPending]).toEqual([0, 0]);
    },
    { timeout: 20_000, interval: 50 },
  );
  for (const id of ids) {
    const events = await readEvents(id);
    expect(events.map((event) => event.recordversion)).toEqual(events.map((_event, index) => index + 1));
    expect(events.at(-1)?.data.email).toBe('mail 60');
    const times = events.map((event) => event.time);
    expect(times).toEqual(times.toSorted());
  }
  const [left, right] = both.map(({ normaliser }) => normaliser.counts);
  expect(left!.published).toBeGreaterThan(0);
  expect(right!.published).toBeGreaterThan(0);
  expect(left!.again + right!.again).toBeGreaterThan(0);
  for (const { stop } of both) await stop();
});
