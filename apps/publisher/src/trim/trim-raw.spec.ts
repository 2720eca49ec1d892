import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { trimRaw, type TrimOptions } from './trim-raw.js';

let server: TestNats;
let nats: Nats;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'trim-spec', url: server.url });
  await ensureStreams(nats);
});

afterAll(async () => {
  await nats.close();
  await server.stop();
});

let first = 0;
let run = 0;

beforeEach(async () => {
  const { lastSequence } = await nats.streamState('CRM_RAW');
  await nats.purgeBelow('CRM_RAW', lastSequence + 1);
  first = lastSequence + 1;
  run += 1;
  for (let index = 0; index < 25; index += 1) {
    await nats.publish({ subject: `raw.acme.crm.contact.${index}`, payload: '{}', messageId: `${run}/${index}` });
  }
});

function trim(options: Partial<TrimOptions>): Promise<number> {
  const signal = new AbortController().signal;
  return trimRaw({ nats, now: Date.now, readSettled: () => Promise.resolve(first + 24), signal, step: 4, ...options });
}

const firstLeft = async (): Promise<number> => (await nats.streamState('CRM_RAW')).firstSequence;
const later = (): number => Date.now() + 60_000;

it('purges what is settled and old', async () => {
  expect(await trim({ keepMs: 1_000, now: later })).toBe(25);
  expect(await firstLeft()).toBe(first + 25);
});

it('keeps what is not settled', async () => {
  expect(await trim({ keepMs: 1_000, now: later, readSettled: () => Promise.resolve(first + 9) })).toBe(10);
  expect(await firstLeft()).toBe(first + 10);
});

it('keeps what is young', async () => {
  const young = await nats.getMessage('CRM_RAW', first + 6);
  // Exactly as old as message 6 is what may go at most; some may share its millisecond.
  const purged = await trim({ keepMs: 1_000, now: () => young!.storedAtMs + 1_000 });
  expect(purged).toBeGreaterThanOrEqual(7);
  const left = await nats.getMessage('CRM_RAW', await firstLeft());
  if (left) expect(left.storedAtMs).toBeGreaterThan(young!.storedAtMs);
});

it('keeps everything while it is not known what is settled', async () => {
  expect(await trim({ keepMs: 0, now: later, readSettled: () => Promise.resolve(undefined) })).toBe(0);
});

it('goes on behind what was deleted by hand', async () => {
  await nats.deleteMessage('CRM_RAW', first + 3);
  expect(await trim({ keepMs: 1_000, now: later })).toBe(24);
});
