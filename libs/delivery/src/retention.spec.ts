import { expect, it, vi } from 'vitest';
import { createLogger } from '@crm-mesh/telemetry';
import type { Feed } from './feed.js';
import { Retention } from './retention.js';
import { createScene, done, failed, nats, store, useServer } from './scene.fixture.js';
import { DeliveryRecords } from './store/delivery-records.js';

useServer();

const YEAR_MS = 365 * 86_400_000;
const log = createLogger({ app: 'test', level: 'silent' });

/** Prunes as if a year had gone by. */
async function pruneLater(name: string): Promise<number[]> {
  const forgotten: number[] = [];
  const durable = (await nats.durableState('CRM_EVENTS', name))!;
  const { incarnation } = await nats.streamState('CRM_EVENTS');
  const feeds = [{ stream: 'CRM_EVENTS', incarnation, durable }] as unknown as Feed[];
  const records = new DeliveryRecords(store, name);
  const spec = { name, forget: async (beforeMs: number) => void forgotten.push(beforeMs) };
  const now = () => Date.now() + YEAR_MS;
  await new Retention({ spec, nats, log, records, feeds, retentionMs: 86_400_000, now }).prune();
  return forgotten;
}

const inbox = () => store.read<{ sequence: number }>('SELECT sequence FROM delivery_inbox ORDER BY sequence');

it('forgets what is old, receipts and rows of a former stream included', async () => {
  const scene = createScene();
  await scene.start(() => ({ kind: 'done', receipt: 1 }));
  await scene.publish('a:1', 'a:2');
  await scene.settled();
  await vi.waitFor(async () => expect(await inbox()).toHaveLength(2));
  const former = { stream: 'CRM_EVENTS', incarnation: 'former', sequence: 9 };
  await new DeliveryRecords(store, scene.name).recordDone([former], [], 0);
  const [beforeMs] = await pruneLater(scene.name);
  // The newest may still be asked about: it is the floor itself.
  expect(await inbox()).toHaveLength(1);
  expect(await store.read('SELECT 1 AS one FROM delivery_receipts')).toEqual([]);
  expect(beforeMs).toBeGreaterThan(Date.now());
});

it('never forgets what may come again, however old', async () => {
  const scene = createScene({ maxAttempts: 100, backoff: { initialMs: 5_000, maxMs: 5_000, factor: 1 } });
  const startedMs = Date.now();
  await scene.start(({ ids: [id] }) => (id === 'stuck:1' ? failed : done));
  await scene.publish('stuck:1', 'a:1', 'a:2');
  await vi.waitFor(async () => expect(await inbox()).toHaveLength(2));
  const [beforeMs] = await pruneLater(scene.name);
  expect(await inbox()).toHaveLength(2);
  expect(beforeMs).toBeLessThan(startedMs);
});
