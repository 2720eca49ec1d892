import type { PollStatus } from '@crm-mesh/control';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { makeSource, startPollers, TestCrm, type RunningPollers } from './polling.fixture.js';

const WAIT = { timeout: 20_000, interval: 20 };
const RECORDS = 300;
const PAGE = 10;
const crm = new TestCrm();
let server: TestNats;
let nats: Nats;
let publisher: RunningPollers;

beforeAll(async () => {
  await crm.start();
  crm.pageSize = PAGE;
  server = await startTestNats();
  nats = await connectNats({ name: 'back-pressure-spec', url: server.url });
  // Room for about 200 of them.
  await ensureStreams(nats, { CRM_RAW: { maxBytes: 100_000 } });
  for (let n = 0; n < RECORDS; n += 1) crm.put('contact', `c${1_000 + n}`, `name ${n}`);
  publisher = await start();
});
afterAll(async () => {
  await publisher.stop();
  await nats.close();
  await server.stop();
  await crm.stop();
});

function start(): Promise<RunningPollers> {
  const poll = { entities: ['contact'], every: 100, webhookGrace: 0 };
  return startPollers({ url: server.url, storeUrl: 'sqlite::memory:', source: makeSource(crm), poll, holder: 'one' });
}

async function readPoll(): Promise<PollStatus> {
  return (await publisher.pollers.status())[0]!.polls[0]!;
}

it('waits while CRM_RAW is near its limit, says so, and goes on when there is room', async () => {
  const why = expect.stringMatching(/^CRM_RAW is at 9\d % of its limit$/);
  await vi.waitFor(async () => expect(await readPoll()).toMatchObject({ state: 'held-back', heldBack: why }), WAIT);
  const { lastSequence } = await nats.streamState('CRM_RAW');
  expect(lastSequence).toBeLessThan(RECORDS);
  // Nothing was asked for that could not be stored.
  expect(crm.asked.length).toBe(lastSequence / PAGE);
  await nats.purgeBelow('CRM_RAW', lastSequence + 1);
  await vi.waitFor(async () => expect((await readPoll()).coveredTo).toBeDefined(), WAIT);
  expect((await nats.streamState('CRM_RAW')).lastSequence).toBe(RECORDS);
  expect(await readPoll()).not.toHaveProperty('heldBack');
});
