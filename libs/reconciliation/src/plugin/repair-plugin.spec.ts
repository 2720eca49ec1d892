import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildEvent, eventSubject, type AnyRecord, type MeshEvent } from '@crm-mesh/contract';
import {
  DEFAULT_POLICY,
  DELIVERY_MIGRATIONS,
  startConsumer,
  type Consumer,
  type DeliveryPolicy,
} from '@crm-mesh/delivery';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import type { LedgerEntry } from '@crm-mesh/ledger';
import { openStore, type Store } from '@crm-mesh/store';
import { createLogger, createMetrics } from '@crm-mesh/telemetry';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import type { Mismatch } from '../mismatch.js';
import type { AskConsumer } from './ask-consumer.js';
import { repairPlugin, type PluginRepairEntry } from './repair-plugin.js';
import { readSettledPosition } from './settled-position.js';
import { createLedger, keyOf, makeEntry, SCOPE } from './two-sides.fixture.js';

const LOG = createLogger({ app: 'test', level: 'silent' });
const RUN = { run: 'r1', by: 'ann', label: 'acked-not-applied' };

let server: TestNats;
let nats: Nats;
let store: Store;
let consumers: Consumer[];
let names = 0;
let name: string;
let entries: Map<string, LedgerEntry>;
/** `id@version origin`, as the handler got them. */
let ran: string[];

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'test', url: server.url });
  await ensureStreams(nats);
});
afterAll(async () => {
  await nats?.close();
  await server?.stop();
});
beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:', migrations: DELIVERY_MIGRATIONS });
  name = `c${++names}`;
  [consumers, entries, ran] = [[], new Map(), []];
});
afterEach(async () => {
  await Promise.all(consumers.map((consumer) => consumer.stop({ graceMs: 0 })));
  await store.close();
});

async function start(policy: Partial<DeliveryPolicy> = {}, consumer = name): Promise<Consumer> {
  const spec = {
    ...{ name: consumer, description: 'a test', stream: 'CRM_EVENTS' as const, metadata: {}, version: 'v1' },
    filterSubject: 'crm.*.*.contact.*.*',
    policy: { ...DEFAULT_POLICY, startFrom: 'new' as const, ackWaitMs: 1_000, ...policy },
    runHandler: async ({ items }: { items: { data: Uint8Array }[] }) => {
      for (const { data } of items) {
        const event = JSON.parse(Buffer.from(data).toString()) as MeshEvent;
        ran.push(`${consumer} ${event.data.id}@${event.recordversion} ${event.origin}`);
      }
      return { kind: 'done' as const };
    },
  };
  const started = await startConsumer(spec, {
    nats,
    store,
    log: LOG,
    metrics: createMetrics({ app: 'test' }),
    onSettled: () => undefined,
  });
  consumers.push(started);
  return started;
}

/** As the normaliser: to CRM_EVENTS and into the ledger. */
async function tell(id: string): Promise<Mismatch> {
  const version = (entries.get(id)?.version ?? 0) + 1;
  const address = { ...keyOf(id), action: version === 1 ? 'created' : 'updated' };
  const parts = { address, version, origin: 'webhook' as const, time: new Date().toISOString(), changes: {} };
  const event = buildEvent({ ...parts, record: { id } as AnyRecord, correlationId: 'x', causationId: 'x' });
  const message = { subject: eventSubject(address), payload: JSON.stringify(event), messageId: `${name}:${event.id}` };
  const { sequence } = await nats.publish(message);
  entries.set(id, makeEntry(id, version, { sequence }));
  return { record: keyOf(id), kind: 'stale', expected: String(version), sequence };
}

const createRepairer = (events = ['contact.*']) =>
  repairPlugin({
    ...{ nats, consumer: name, ledger: createLedger(entries) },
    ask: (async () => ({ entities: ['contact'], marks: 'version', digests: false, events })) as unknown as AskConsumer,
  });
const untilRan = (...expected: string[]) =>
  vi.waitFor(() => expect(ran).toEqual(expected), { timeout: 20_000, interval: 20 });

async function read(stream: string, filterSubject: string): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { data } of nats.readStream(stream, { fromSequence: 1, filterSubject }))
    found.push(JSON.parse(Buffer.from(data).toString()));
  return found;
}
const countCopies = async () => (await read('CRM_DIRECT', `direct.${name}.>`)).length;
const readAudit = () => read('CRM_AUDIT', `audit.repair.${name}.>`) as Promise<PluginRepairEntry[]>;

describe('a repair', () => {
  it('goes to one consumer alone, though its inbox knows the event, and leaves an entry of it', async () => {
    await start();
    const other = `${name}-other`;
    await start({}, other);
    const mismatch = await tell('1');
    await vi.waitFor(() => expect(ran.toSorted()).toEqual([`${name} 1@1 webhook`, `${other} 1@1 webhook`]));
    ran.length = 0;
    expect(await createRepairer().repair(mismatch, RUN)).toBe('sent');
    await untilRan(`${name} 1@1 repair`);
    const { tenant, connection } = SCOPE;
    expect(await read('CRM_AUDIT', `audit.repair.${name}.${tenant}.${connection}.contact.1`)).toMatchObject([
      {
        did: 'repair',
        consumer: name,
        by: 'ann',
        run: 'r1',
        label: 'acked-not-applied',
        record: keyOf('1'),
        version: 1,
      },
    ]);
  });

  it('is sent once in a run, however often it is asked for, and again in another run', async () => {
    const mismatch = await tell('1');
    expect(await createRepairer().repair(mismatch, RUN)).toBe('sent');
    expect(await createRepairer().repair(mismatch, RUN)).toBe('sent');
    expect([await countCopies(), (await readAudit()).length]).toEqual([1, 1]);
    await createRepairer().repair(mismatch, { ...RUN, run: 'r2' });
    expect([await countCopies(), (await readAudit()).length]).toEqual([2, 2]);
  });

  it('goes on behind a kill between the copy and its entry', async () => {
    const mismatch = await tell('1');
    const dying: Nats['publish'] = (message) =>
      message.subject.startsWith('audit.') ? Promise.reject(new Error('killed')) : nats.publish(message);
    const doomed = new Proxy(nats, {
      get: (target, key) => {
        if (key === 'publish') return dying;
        const value = target[key as keyof Nats] as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const ask = (async () => ({ events: ['*'] })) as unknown as AskConsumer;
    const killed = repairPlugin({ nats: doomed, consumer: name, ledger: createLedger(entries), ask });
    await expect(killed.repair(mismatch, RUN)).rejects.toThrow('killed');
    expect(await createRepairer(['*']).repair(mismatch, RUN)).toBe('sent');
    expect([await countCopies(), (await readAudit()).length]).toEqual([1, 1]);
  });

  it('is not sent where something newer came since the record was looked at', async () => {
    const mismatch = await tell('1');
    await tell('1');
    expect(await createRepairer().repair(mismatch, RUN)).toBe('overtaken');
    expect(await countCopies()).toBe(0);
  });

  it.each(['record', 'strict', 'none'] as const)(
    'is skipped in its turn where something newer was told since, with order %s',
    async (order) => {
      const first = await start({ order });
      await first.stop();
      const mismatch = await tell('1');
      const other = await tell('2');
      expect(await createRepairer().repair(mismatch, RUN)).toBe('sent');
      expect(await createRepairer().repair(other, RUN)).toBe('sent');
      await tell('1');
      // The copies are delivered behind the newer event.
      const durableState: Nats['durableState'] = (stream, durable) =>
        stream === 'CRM_DIRECT' && ran.filter((each) => each.endsWith('webhook')).length < 3
          ? Promise.resolve(undefined)
          : nats.durableState(stream, durable);
      const late = new Proxy(nats, {
        get: (target, key) => {
          if (key === 'durableState') return durableState;
          const value = target[key as keyof Nats] as unknown;
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
      const own = nats;
      nats = late;
      const second = await start({ order });
      nats = own;
      await vi.waitFor(() => expect(ran.filter((each) => each.endsWith('webhook'))).toHaveLength(3));
      // As its poll of every five seconds does.
      await second.makeDirect();
      await vi.waitFor(() => expect(ran).toContain(`${name} 2@1 repair`), { timeout: 20_000, interval: 20 });
      await vi.waitFor(
        async () => expect(await nats.durableState('CRM_DIRECT', name)).toMatchObject({ pending: 0, ackPending: 0 }),
        { timeout: 20_000, interval: 20 },
      );
      expect(ran.filter((each) => each.endsWith('repair'))).toEqual([`${name} 2@1 repair`]);
    },
  );

  it('is impossible for what lies there twice, for what the ledger does not know, and for what nobody hears', async () => {
    const mismatch = await tell('1');
    const repair = (part: Partial<Mismatch>, events?: string[]) =>
      createRepairer(events).repair({ ...mismatch, ...part }, RUN);
    expect(await repair({ kind: 'duplicate' })).toBe('impossible');
    expect(await repair({ kind: 'extra', record: keyOf('unknown') })).toBe('impossible');
    expect(await repair({}, ['contact.deleted'])).toBe('impossible');
    expect(await countCopies()).toBe(0);
  });
});

describe('the settled position', () => {
  it('is the end of the stream where a consumer has nothing left, and its floor where it has', async () => {
    const consumer = await start();
    const first = await tell('1');
    await vi.waitFor(async () => expect(await readSettledPosition(nats, name)).toBe(first.sequence));
    await consumer.stop();
    await tell('2');
    expect(await readSettledPosition(nats, name)).toBe(first.sequence);
    expect(await readSettledPosition(nats, 'nobody')).toBe(first.sequence! + 1);
  });
});
