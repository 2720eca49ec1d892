import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { replaceSource } from '../connections/open-connections.js';
import { quietLog as log } from '../publisher.fixture.js';
import { connectionOf, makeSource, startPollers, TestCrm, type RunningPollers } from './polling.fixture.js';

const WAIT = { timeout: 20_000, interval: 20 };
const POLL = { entities: ['contact'], every: 50, webhookGrace: 0 };
const [former, next] = [new TestCrm(), new TestCrm()];
let server: TestNats;
let nats: Nats;
let publisher: RunningPollers;

beforeAll(async () => {
  await Promise.all([former.start(), next.start()]);
  server = await startTestNats();
  nats = await connectNats({ name: 'renewed-source-spec', url: server.url });
  await ensureStreams(nats);
  const [url, source] = [server.url, makeSource(former)];
  publisher = await startPollers({ url, storeUrl: 'sqlite::memory:', source, poll: POLL, holder: 'one' });
});
afterAll(async () => {
  await publisher.stop();
  await nats.close();
  await server.stop();
  await Promise.all([former.stop(), next.stop()]);
});

it('asks a source that was loaded anew from where the former was, and the former no more', async () => {
  const { pollers, connections } = publisher;
  await vi.waitFor(async () => expect((await pollers.status())[0]!.polls[0]!.coveredTo).toBeDefined(), WAIT);
  const beganMs = Date.now();
  const options = { configured: [connectionOf(POLL)], publicUrl: () => '', cacheFolder: '', log, now: Date.now };
  await replaceSource(connections, makeSource(next), options);
  await vi.waitFor(() => expect(next.asked.length).toBeGreaterThan(2), WAIT);
  // Not from the beginning: by the saved cursor, less the overlap.
  expect(next.asked[0]!.from).toBeGreaterThan(beganMs - 60_000);
  const asked = former.asked.length;
  const later = next.asked.length;
  await vi.waitFor(() => expect(next.asked.length).toBeGreaterThan(later + 3), WAIT);
  expect(former.asked).toHaveLength(asked);
  expect((await pollers.status())[0]!.polls[0]).toMatchObject({
    state: expect.not.stringMatching('failing') as string,
  });
});
