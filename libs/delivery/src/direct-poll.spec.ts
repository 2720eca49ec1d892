import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { DirectPoll } from './direct-poll.js';

let server: TestNats;
let nats: Nats;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'direct-poll', url: server.url });
  await ensureStreams(nats);
});

afterAll(async () => {
  await nats.close();
  await server.stop();
});

it('looks at first, when something was sent to anybody, and now and then all the same', async () => {
  const direct = new DirectPoll(nats);
  let looks = 0;
  const poll = () =>
    direct.poll(async () => {
      looks += 1;
    });
  await poll();
  await poll();
  expect(looks).toBe(1);

  await nats.publish({ subject: 'direct.someone.a.b.deal.won.1', payload: '{}', messageId: 'one' });
  await vi.waitUntil(async () => (await poll(), looks === 2), { timeout: 10_000, interval: 400 });

  for (let quiet = 0; quiet < 12; quiet += 1) await poll();
  expect(looks).toBe(3);
});

it('looks again after a look that failed', async () => {
  const direct = new DirectPoll(nats);
  await expect(direct.poll(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
  const look = vi.fn(() => Promise.resolve());
  await direct.poll(look);
  expect(look).toHaveBeenCalledOnce();
});
