import { parseEventSubject, type AnyRecord, type MeshEvent } from '@crm-mesh/contract';
import type { PublisherStatus } from '@crm-mesh/control';
import { connectNats, requestControl, type Nats } from '@crm-mesh/jetstream';
import { defineSource, RetryLater, Unavailable } from '@crm-mesh/sdk';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import type { DeadLetter } from '@crm-mesh/delivery';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeConfig, quietLog } from '../publisher.fixture.js';
import { startPublisher, type PublisherOptions, type RunningPublisher } from '../start-publisher.js';

interface Item {
  entity?: string;
  id: string;
  at?: number;
  change?: 'updated' | 'deleted' | 'erased';
  key: string;
  record?: object;
}

class NoConfig {}

/** Takes every request; the items carry what the spec wants to be told. */
const fatSource = defineSource<object>({
  name: 'fat',
  config: NoConfig,
  verify: () => ({ ok: true, scheme: 'test' }),
  split: ({ body }) =>
    (JSON.parse(Buffer.from(body).toString()) as Item[]).map(
      ({ entity = 'contact', id, at, change = 'updated', key, record }) => ({
        entity,
        id,
        change,
        dedupeKey: key,
        ...(at === undefined ? {} : { modifiedAt: new Date(at * 1_000).toISOString() }),
        payload: record ?? {},
      }),
    ),
  map: ({ notification }) => {
    if (notification.change === 'deleted' || notification.change === 'erased') return { state: notification.change };
    return { state: 'present', record: { id: notification.id, ...(notification.payload as object) } as AnyRecord };
  },
});

/** A CRM of the spec, read in batches. */
const crm = {
  records: new Map<string, object>(),
  batches: [] as string[][],
  fail: undefined as (() => Error) | undefined,
};
const thinSource = defineSource<object>({
  ...fatSource,
  name: 'thin',
  coalesceMs: 200,
  fetchBatchSize: 10,
  fetch: (_entity, ids) => {
    crm.batches.push([...ids]);
    if (crm.fail) return Promise.reject(crm.fail());
    return Promise.resolve(
      new Map(ids.flatMap((id) => (crm.records.has(id) ? [[id, crm.records.get(id)] as const] : []))),
    );
  },
  map: ({ notification, fetched }) =>
    fetched === undefined
      ? { state: 'deleted' }
      : { state: 'present', record: { id: notification.id, ...fetched } as AnyRecord },
});

const connections = ['fat', 'thin'].map((source) => ({ tenant: 'acme', source, config: {} }));
const test = makeConfig({ connections, http: { rateLimit: { perConnectionPerSecond: 10_000 } } });
let server: TestNats;
let nats: Nats;
let publisher: RunningPublisher;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'normaliser-spec', url: server.url });
  publisher = await start();
});

afterAll(async () => {
  await publisher.stop();
  await nats.close();
  await server.stop();
  test.remove();
});

afterEach(() => {
  crm.fail = undefined;
  crm.batches = [];
});

function start(options: Partial<PublisherOptions> = {}): Promise<RunningPublisher> {
  const sources = [fatSource, thinSource];
  return startPublisher({ config: test.config, nats: { url: server.url }, log: quietLog, sources, ...options });
}

async function send(connection: string, items: Item[], to = publisher): Promise<void> {
  const answer = await request(to.url)
    .post(`/webhooks/acme/${connection}`)
    .set('content-type', 'application/json')
    .send(JSON.stringify(items));
  expect(answer.status).toBe(202);
}

type ContactEvent = MeshEvent<'contact.*'>;

async function readEvents(id: string): Promise<[action: string, event: ContactEvent][]> {
  const events: [string, ContactEvent][] = [];
  for await (const message of nats.readStream('CRM_EVENTS', {
    fromSequence: 1,
    filterSubject: `crm.acme.*.*.*.${id}`,
  })) {
    events.push([
      parseEventSubject(message.subject)!.action,
      JSON.parse(Buffer.from(message.data).toString()) as ContactEvent,
    ]);
  }
  return events;
}

const actionsOf = async (id: string): Promise<string[]> => (await readEvents(id)).map(([action]) => action);
const status = (): Promise<PublisherStatus> => requestControl<PublisherStatus>(nats, 'publisher', 'status');

/** Until the normaliser has nothing left in hand. */
async function settled(): Promise<void> {
  await vi.waitFor(
    async () => {
      const durable = await nats.durableState('CRM_RAW', 'normaliser');
      expect([durable?.pending, durable?.ackPending]).toEqual([0, 0]);
    },
    { timeout: 20_000, interval: 50 },
  );
}

describe('the normaliser', () => {
  it('tells each change of a record once, in order', async () => {
    await send('fat', [{ id: 'a', at: 1, key: 'a1', record: { email: 'one' } }]);
    await vi.waitFor(async () => expect(await actionsOf('a')).toEqual(['created']), { timeout: 10_000 });
    await send('fat', [{ id: 'a', at: 2, key: 'a2', record: { email: 'two' } }]);
    await send('fat', [{ id: 'a', at: 2, key: 'a2-again', record: { email: 'two' } }]);
    await send('fat', [{ id: 'a', at: 1, key: 'a1-late', record: { email: 'one' } }]);
    await send('fat', [{ id: 'a', at: 3, key: 'a3', change: 'deleted' }]);
    await vi.waitFor(async () => expect(await actionsOf('a')).toEqual(['created', 'updated', 'deleted']));
    await settled();
    const { normaliser, ledger, consumers } = await status();
    expect(normaliser).toMatchObject({ leading: true, published: 3, dropped: { same: 1, stale: 1 } });
    expect(ledger.records).toBe(1);
    expect(consumers).toHaveLength(1);
    const [, updated] = await readEvents('a');
    expect(updated?.[1]).toMatchObject({
      recordversion: 2,
      time: new Date(2_000).toISOString(),
      data: { changes: { email: { from: 'one', to: 'two' } } },
    });
  });

  it('reads thin records once for what came together, and many in one batch', async () => {
    const ids = Array.from({ length: 25 }, (_, index) => `t${index}`);
    for (const id of ids)
      crm.records.set(id, { email: `${id}@example.com`, modifiedAt: new Date(5_000).toISOString() });
    await send(
      'thin',
      ids.flatMap((id) => [1, 2, 3].map((at) => ({ id, at, key: `${id}/${at}` }))),
    );
    await settled();
    expect(await actionsOf('t7')).toEqual(['created']);
    expect(crm.batches.flat().sort()).toEqual(ids.toSorted());
    expect(crm.batches.length).toBeLessThan(10);
    expect(Math.max(...crm.batches.map((batch) => batch.length))).toBeLessThanOrEqual(10);
  });

  it('waits while the CRM is away, and while it asks for time', async () => {
    crm.records.set('w', { email: 'w' });
    let failures = 0;
    crm.fail = () =>
      (failures += 1) % 2 === 0 ? new Unavailable('the CRM is down', { retryAfterMs: 20 }) : new RetryLater(20);
    await send('thin', [{ id: 'w', at: 1, key: 'w1' }]);
    await vi.waitFor(() => expect(failures).toBeGreaterThan(1), { timeout: 20_000 });
    expect(await actionsOf('w')).toEqual([]);
    crm.fail = undefined;
    await vi.waitFor(async () => expect(await actionsOf('w')).toEqual(['created']), { timeout: 20_000 });
  });

  it('buries what no retry can mend, goes on with the rest, and takes it again when it is redriven', async () => {
    await send('fat', [{ id: 'bad', entity: 'deal', at: 1, key: 'bad', record: { status: 'nonsense' } }]);
    await send('fat', [{ id: 'good', at: 1, key: 'good', record: { email: 'g' } }]);
    await vi.waitFor(async () => expect(await actionsOf('good')).toEqual(['created']));
    let letter: DeadLetter | undefined;
    await vi.waitFor(async () => {
      const { lastSequence } = await nats.streamState('CRM_DEAD');
      const message = await nats.getMessage('CRM_DEAD', lastSequence);
      letter = JSON.parse(Buffer.from(message!.data).toString()) as DeadLetter;
      expect(letter.consumer).toBe('normaliser');
    });
    expect(letter).toMatchObject({ attemptCount: 1, original: { stream: 'CRM_RAW', payload: { id: 'bad' } } });
    expect(letter!.error.message).toContain('status');
    expect(letter!.error.message).not.toContain('nonsense');
    const { lastSequence } = await nats.streamState('CRM_DEAD');
    const asked = { consumer: 'normaliser', sequences: [lastSequence], by: 'spec' };
    expect(await requestControl(nats, 'publisher', 'redrive', asked)).toEqual({
      redriven: [lastSequence],
      missing: [],
    });
    // Nothing was mended: it is buried once more.
    await vi.waitFor(
      async () => expect((await nats.streamState('CRM_DEAD')).lastSequence).toBeGreaterThan(lastSequence),
      { timeout: 15_000 },
    );
  });

  it('comes to the same ledger whatever the order and however often', async () => {
    const items: Item[] = [1, 2, 3, 4, 5].map((at) => ({
      id: 'p',
      at,
      key: `p${at}`,
      record: { email: `mail ${at}` },
    }));
    const orders = [
      [5, 1, 2, 3, 4],
      [2, 5, 1, 4, 3],
      [1, 2, 3, 4, 5],
      [3, 1, 5, 2, 4],
    ];
    for (const [index, order] of orders.entries()) {
      const own = order.map((at) => ({ ...items[at - 1]!, id: `p${index}`, key: `p${index}/${at}` }));
      for (const item of [...own, ...own.slice(0, 3).map((one) => ({ ...one, key: `${one.key} again` }))])
        await send('fat', [item]);
    }
    await settled();
    for (const index of orders.keys()) {
      const events = await readEvents(`p${index}`);
      expect(events.at(-1)?.[1].data.email).toBe('mail 5');
      expect(events.map(([, event]) => event.recordversion)).toEqual(events.map((_event, position) => position + 1));
    }
  });
});

describe('several publishers', () => {
  it('have one leader, and the next goes on where the first ended', async () => {
    const second = await start({
      config: { ...test.config, store: { ...test.config.store, publisher: 'sqlite::memory:' } },
    });
    try {
      await send('fat', [{ id: 'l', at: 1, key: 'l1', record: { email: 'one' } }]);
      await vi.waitFor(async () => expect(await actionsOf('l')).toEqual(['created']));
      await publisher.stop();
      await send(
        'fat',
        [
          { id: 'l', at: 2, key: 'l2', record: { email: 'two' } },
          { id: 'l', at: 2, key: 'l2b', record: { email: 'two' } },
        ],
        second,
      );
      await vi.waitFor(async () => expect(await actionsOf('l')).toEqual(['created', 'updated']), { timeout: 20_000 });
      await vi.waitFor(async () => expect((await status()).normaliser.leading).toBe(true));
    } finally {
      await second.stop();
      publisher = await start();
    }
  });
});
