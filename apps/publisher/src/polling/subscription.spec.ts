import type { Notification } from '@crm-mesh/contract';
import { parseNotification } from '@crm-mesh/contract/checking';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import type { SubscribeRequest } from '@crm-mesh/sdk';
import { makeTempDir, startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { draftOf, makeSource, startPollers, TestCrm, type RunningPollers } from './polling.fixture.js';

const WAIT = { timeout: 20_000, interval: 20 };
const crm = new TestCrm();
const folder = makeTempDir('subscription');
let server: TestNats;
let nats: Nats;
let publisher: RunningPollers;

/** Each time that the source was asked to follow, and how to end that. */
interface Followed {
  request: SubscribeRequest;
  end(error?: Error): void;
}
const followed: Followed[] = [];
const source = makeSource(crm, {
  subscribe: (request) =>
    new Promise((resolve, reject) => {
      const end = (error?: Error): void => (error ? reject(error) : resolve());
      followed.push({ request, end });
    }),
});

beforeAll(async () => {
  await crm.start();
  server = await startTestNats();
  nats = await connectNats({ name: 'subscription-spec', url: server.url });
  await ensureStreams(nats);
  publisher = await start();
});
afterAll(async () => {
  await publisher.stop();
  await nats.close();
  await server.stop();
  await crm.stop();
  folder.remove();
});

function start(): Promise<RunningPollers> {
  return startPollers({ url: server.url, storeUrl: `sqlite:${folder.path}/publisher.db`, source, holder: 'one' });
}

async function untilFollowed(times: number): Promise<Followed> {
  await vi.waitFor(() => expect(followed).toHaveLength(times), WAIT);
  return followed.at(-1)!;
}

async function readNotifications(): Promise<Notification[]> {
  const all: Notification[] = [];
  for await (const { data } of nats.readStream('CRM_RAW', { fromSequence: 1 })) all.push(parseNotification(data));
  return all;
}

it('stores what it takes before the cursor, and goes on at it after a failure and after a restart', async () => {
  const first = await untilFollowed(1);
  expect(first.request.cursor).toBeUndefined();
  await first.request.take([draftOf(crm.put('contact', 's1', 'One'))], 'c1');
  expect(await readNotifications()).toMatchObject([{ id: 's1', origin: 'webhook', verifiedBy: 'subscription' }]);
  first.end(new Error('the stream broke'));
  const again = await untilFollowed(2);
  expect(again.request.cursor).toBe('c1');
  // What lives on after its end stores nothing.
  expect(first.request.signal.aborted).toBe(true);
  await expect(first.request.take([draftOf(crm.put('contact', 's2', 'Two'))], 'c9')).rejects.toThrow('aborted');
  await again.request.take([draftOf(crm.put('contact', 's2', 'Two'))], 'c2');
  await publisher.stop();
  expect(again.request.signal.aborted).toBe(true);
  publisher = await start();
  expect((await untilFollowed(3)).request.cursor).toBe('c2');
});

it('a place that is lost is told, and a poll goes over the hole', async () => {
  crm.rows.length = 0;
  crm.asked.length = 0;
  const life = await untilFollowed(3);
  const before = (await publisher.pollers.status())[0]!.subscription!;
  crm.put('contact', 'missed', 'While nobody listened');
  life.request.lost('replay id too old');
  life.end(new Error('ended'));
  const next = await untilFollowed(4);
  expect(next.request.cursor).toBeUndefined();
  await vi.waitFor(async () => {
    expect((await readNotifications()).at(-1)).toMatchObject({ id: 'missed', origin: 'repair', verifiedBy: 'poll' });
  }, WAIT);
  expect(Math.min(...crm.asked.map(({ from }) => from))).toBeLessThanOrEqual(Date.parse(before.takenAt));
  const [status] = await publisher.pollers.status();
  expect(status).toMatchObject({
    polls: [
      { work: 'repair', entity: 'company', coveredTo: expect.any(String) },
      { work: 'repair', entity: 'contact', coveredTo: expect.any(String) },
    ],
    subscription: { lost: { why: 'replay id too old' } },
  });
  await next.request.take([draftOf(crm.put('contact', 's3', 'Three'))], 'd1');
  expect((await publisher.pollers.status())[0]!.subscription).toMatchObject({ cursor: 'd1', failures: 0 });
  expect(await publisher.metrics.registry.getSingleMetricAsString('mesh_source_lost_total')).toMatch(/ 1$/m);
});
