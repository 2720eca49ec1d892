import { notificationMessageId, rawSubject, type MeshEvent, type Notification } from '@crm-mesh/contract';
import { connectNats, type Nats, type OutgoingMessage } from '@crm-mesh/jetstream';
import { openStore, type Store } from '@crm-mesh/store';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { makeConfig, quietLog, type TestConfig } from '../publisher.fixture.js';
import { startPublisher, type RunningPublisher } from '../start-publisher.js';
import { OUTBOX_MIGRATIONS } from './migrations.js';
import { NOTIFICATION_HEADERS, Outbox } from './outbox.js';
import { Relay } from './relay.js';

let server: TestNats;
let nats: Nats;
let test: TestConfig;
let publisher: RunningPublisher;
let store: Store;
let outbox: Outbox;
let relay: Relay;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'spec', url: server.url });
  test = makeConfig();
  publisher = await startPublisher({ config: test.config, nats: { url: server.url }, log: quietLog });
  // An outbox beside the publisher's own, so that the test decides which way each notification goes.
  store = await openStore({ url: 'sqlite::memory:', migrations: OUTBOX_MIGRATIONS });
  outbox = await Outbox.open(store, { maxMessages: 1_000, maxBytes: 10_000_000 });
  const ignore = (): void => undefined;
  relay = new Relay({ outbox, nats, log: quietLog, now: Date.now, onFlowing: ignore, onRelayed: ignore });
  relay.start();
});
afterAll(async () => {
  await relay.stop();
  await publisher.stop();
  await nats.close();
  await store.close();
  await server.stop();
  test.remove();
});

/** One deal's history as its CRM tells it, each statement at a time of its own. */
const STORY: [change: Notification['change'], data: object][] = [
  ['created', { name: 'Kiln', status: 'open' }],
  ['updated', { name: 'Kiln', status: 'open', stage: 'offer' }],
  ['deleted', {}],
  ['restored', { name: 'Kiln 2', status: 'open', stage: 'offer' }],
  ['updated', { name: 'Kiln 2', status: 'won', stage: 'won' }],
];

function tell(id: string): OutgoingMessage[] {
  return STORY.map(([change, data], at) => {
    const time = `2026-01-01T00:00:0${at}Z`;
    const notification: Notification = {
      ...{ tenant: 'acme', connection: 'cloudevents', entity: 'deal', id, change, modifiedAt: time },
      ...{ dedupeKey: `${id}/${at}`, origin: 'webhook', receivedAt: time, verifiedBy: 'test' },
      payload: { id: `${id}/${at}`, source: '/shop', type: `deal.${change}`, time, data: { id, ...data } },
    };
    return {
      subject: rawSubject(notification),
      payload: JSON.stringify(notification),
      messageId: notificationMessageId(notification),
      headers: NOTIFICATION_HEADERS,
    };
  });
}

async function readHistory(id: string): Promise<MeshEvent<'deal.*'>[]> {
  const history: MeshEvent<'deal.*'>[] = [];
  const filterSubject = `crm.acme.cloudevents.deal.*.${id}`;
  for await (const { data } of nats.readStream('CRM_EVENTS', { fromSequence: 1, filterSubject })) {
    history.push(JSON.parse(Buffer.from(data).toString()) as MeshEvent<'deal.*'>);
  }
  return history;
}

async function settled(): Promise<void> {
  await vi.waitFor(
    async () => {
      // In the order of the way; a durable does not count at once what its stream has.
      const waiting = outbox.fill.messages;
      const { lastSequence } = await nats.streamState('CRM_RAW');
      const state = await nats.durableState('CRM_RAW', 'normaliser');
      expect([waiting, state?.ackPending, state?.ackFloorSequence]).toEqual([0, 0, lastSequence]);
    },
    { timeout: 20_000, interval: 10 },
  );
}

let records = 0;
const ways = fc.constantFrom(['direct'], ['outbox'], ['direct', 'outbox'], ['outbox', 'outbox', 'direct']);
const order = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 });

it('any permutation and duplication across direct path and relay yields the same ledger', async () => {
  const property = fc.asyncProperty(order, fc.array(ways, { minLength: 5, maxLength: 5 }), async (steps, chosen) => {
    const id = `either-${++records}`;
    const told = tell(id);
    const sends = steps.flatMap((step) => chosen[step]!.map((way) => ({ message: told[step]!, way })));
    await Promise.all(
      sends.map(({ message, way }) => (way === 'direct' ? nats.publish(message) : outbox.take([message], Date.now()))),
    );
    await settled();
    const history = await readHistory(id);
    expect(history.map(({ recordversion }) => recordversion)).toEqual(history.map((_event, at) => at + 1));
    expect(history.at(-1)).toMatchObject({ data: { id, name: 'Kiln 2', status: 'won', stage: 'won' } });
    expect(history.at(-1)!.type).not.toBe('crm.deal.deleted');
  });
  await fc.assert(property, { numRuns: 60 });
});
