import { parseNotification } from '@crm-mesh/contract/checking';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { makeSource, startPollers, TestCrm, type RunningPollers } from './polling.fixture.js';

const WAIT = { timeout: 30_000, interval: 20 };
const RECORDS = 10;
const crm = new TestCrm();
let server: TestNats;
let nats: Nats;
let publisher: RunningPollers | undefined;

beforeAll(async () => {
  await crm.start();
  server = await startTestNats();
  nats = await connectNats({ name: 'read-pages-spec', url: server.url });
  await ensureStreams(nats);
  for (let n = 0; n < RECORDS; n += 1) crm.put('contact', `c${100 + n}`, `name ${n}`);
});
afterEach(async () => {
  server.resume();
  await publisher?.stop();
});
afterAll(async () => {
  await nats.close();
  await server.stop();
  await crm.stop();
});

async function start(): Promise<RunningPollers> {
  const poll = { entities: ['contact'], every: 60_000, lookBack: 3_600_000 };
  return startPollers({ url: server.url, storeUrl: 'sqlite::memory:', source: makeSource(crm), poll, holder: 'one' });
}

async function untilCovered(): Promise<void> {
  await vi.waitFor(async () => {
    const [status] = await publisher!.pollers.status();
    expect(status).toMatchObject({ polls: [{ coveredTo: expect.any(String) }] });
  }, WAIT);
}

it('asks for one page more while a page is being stored, and for no second', async () => {
  let stopped: Promise<void> | undefined;
  crm.onRequest = async () => {
    // The first answer comes when the server takes nothing any more.
    await (stopped ??= server.pause());
    return undefined;
  };
  // However slow this machine is, the look at the stream is a fresh one.
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
  publisher = await start();
  await vi.waitFor(() => expect(crm.asked.length).toBe(2), WAIT);
  // Nothing of the first page is stored, so its cursor is not written down either.
  const [row] = await publisher.store.read<{ n: number }>('SELECT count(*) AS n FROM publisher_cursors');
  expect([row?.n, crm.asked.length]).toEqual([0, 2]);
  crm.onRequest = () => undefined;
  clock.mockRestore();
  server.resume();
  await untilCovered();
  const ids: string[] = [];
  for await (const { data } of nats.readStream('CRM_RAW', { fromSequence: 1 })) ids.push(parseNotification(data).id);
  expect(ids).toEqual(crm.rows.map(({ id }) => id));
  // Each page once.
  expect(crm.asked.map(({ cursor }) => cursor)).toEqual([null, 'c101', 'c103', 'c105', 'c107']);
});

it('a page that fails ahead of its turn fails in its turn alone', async () => {
  crm.asked.length = 0;
  crm.onRequest = ({ cursor }) => (cursor === 'c103' ? 503 : undefined);
  publisher = await start();
  await vi.waitFor(async () => {
    const [status] = await publisher!.pollers.status();
    expect(status).toMatchObject({ polls: [{ state: 'failing', error: { message: 'the CRM says 503' } }] });
  }, WAIT);
  crm.onRequest = () => undefined;
  await untilCovered();
  const others = crm.asked.map(({ cursor }) => cursor).filter((cursor) => cursor !== 'c103');
  expect(others).toEqual([null, 'c101', 'c105', 'c107']);
});
