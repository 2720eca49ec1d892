import { parseNotification } from '@crm-mesh/contract/checking';
import type { PublisherStatus } from '@crm-mesh/control';
import { connectNats, requestControl, type Nats } from '@crm-mesh/jetstream';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CLOUD_EVENT_HEADERS, makeCloudEvent, makeConfig, quietLog, type TestConfig } from '../publisher.fixture.js';
import { startPublisher, type PublisherOptions, type RunningPublisher } from '../start-publisher.js';

let server: TestNats;
let nats: Nats;
let test: TestConfig;
let publisher: RunningPublisher | undefined;

beforeEach(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'spec', url: server.url });
});
afterEach(async () => {
  await publisher?.stop();
  publisher = undefined;
  await nats.close();
  await server.stop();
  test.remove();
});

async function start(config: Record<string, unknown> = {}, options: Partial<PublisherOptions> = {}): Promise<void> {
  test = makeConfig(config);
  publisher = await startPublisher({ config: test.config, nats: { url: server.url }, log: quietLog, ...options });
}

function send(...ids: string[]): request.Test {
  const events = ids.map((id) => makeCloudEvent('contact.updated', { id, email: `${id}@example.com` }));
  const headers = { ...CLOUD_EVENT_HEADERS, 'content-type': 'application/cloudevents-batch+json' };
  return request(publisher!.url).post('/webhooks/acme/cloudevents').set(headers).send(JSON.stringify(events));
}

const readyz = (): request.Test => request(publisher!.url).get('/readyz');
const rawMessages = async (): Promise<number> => (await nats.streamState('CRM_RAW')).messages;
const outbox = async (): Promise<number> =>
  (await requestControl<PublisherStatus>(nats, 'publisher', 'status')).outbox.messages;

/** Everything that was taken has reached CRM_RAW, once, and the outbox is empty. */
async function expectRelayed(count: number): Promise<void> {
  const state = async (): Promise<number[]> => [await rawMessages(), await outbox()];
  await vi.waitFor(async () => expect(await state()).toEqual([count, 0]), { timeout: 15_000, interval: 50 });
}

describe('without JetStream', () => {
  it('takes webhooks all the same, says so, and relays them when it is back', async () => {
    await start();
    expect((await send('1', '2')).status).toBe(202);
    await server.kill();
    const answer = await send('3', '4');
    expect([answer.status, answer.body]).toEqual([202, { accepted: 2, duplicates: 0 }]);
    const ready = await readyz();
    expect([ready.status, ready.body.notes]).toEqual([200, [expect.stringContaining('the outbox, which holds 2')]]);
    await server.restart();
    await expectRelayed(4);
    const stored = await nats.getMessage('CRM_RAW', 3);
    expect(parseNotification(stored!.data)).toMatchObject({ entity: 'contact', id: '3', origin: 'webhook' });
    expect(stored!.header('content-type')).toBe('application/json');
    await vi.waitFor(async () => expect((await readyz()).body).not.toHaveProperty('notes'), { timeout: 5_000 });
  });

  it('takes webhooks from the first second, when it starts without NATS', async () => {
    await server.kill();
    await start({}, { joinWaitMs: 0 });
    expect((await send('1', '2', '3')).status).toBe(202);
    await server.restart();
    await vi.waitFor(async () => expect(await outbox()).toBe(0), { timeout: 15_000, interval: 100 });
    await expectRelayed(3);
    expect((await send('4')).status).toBe(202);
    await expectRelayed(4);
  });

  it('waits two seconds for a server that hangs, once', async () => {
    await start();
    await server.pause();
    try {
      const startedMs = performance.now();
      expect((await send('1')).status).toBe(202);
      expect(performance.now() - startedMs).toBeLessThan(4_500);
      // Nobody waits for it again: forty at two seconds each would take longer than the test may.
      for (let n = 2; n <= 41; n++) expect((await send(String(n))).status).toBe(202);
      expect(performance.now() - startedMs).toBeLessThan(10_000);
    } finally {
      server.resume();
    }
    await expectRelayed(41);
  });

  it('is bounded: 503 with Retry-After beyond it, and nothing half-taken', async () => {
    await start({ outbox: { maxMessages: 3 } });
    await server.kill();
    expect((await send('1', '2')).status).toBe(202);
    const refused = await send('3', '4');
    expect([refused.status, refused.body.code, refused.headers['retry-after']]).toEqual([503, 'MESH_OUTBOX_FULL', '5']);
    expect((await readyz()).status).toBe(200);
    expect((await send('5')).status).toBe(202);
    const closed = await readyz();
    expect([closed.status, closed.body.reasons]).toEqual([503, [expect.stringContaining('the outbox is full')]]);
    await server.restart();
    await expectRelayed(3);
    expect((await send('3', '4')).status).toBe(202);
    await expectRelayed(5);
  });

  it('keeps what a full stream refuses until there is room', async () => {
    await start({ streams: { CRM_RAW: { maxBytes: 4_000 } } });
    for (let n = 1; n <= 20; n++) expect((await send(`${n}-${'x'.repeat(200)}`)).status).toBe(202);
    const { firstSequence, messages } = await nats.streamState('CRM_RAW');
    expect([firstSequence, messages + (await outbox())]).toEqual([1, 20]);
    expect(await outbox()).toBeGreaterThan(0);
    const { lastSequence } = await nats.streamState('CRM_RAW');
    await nats.purgeBelow('CRM_RAW', lastSequence + 1);
    await vi.waitFor(
      async () => expect((await nats.streamState('CRM_RAW')).lastSequence).toBeGreaterThan(lastSequence),
      {
        timeout: 10_000,
      },
    );
    expect((await nats.streamState('CRM_RAW')).messages + (await outbox())).toBe(20 - messages);
  });

  it('keeps what lies in the outbox when it stops before JetStream is back', async () => {
    await start();
    await server.kill();
    expect((await send('1', '2')).status).toBe(202);
    await publisher!.stop();
    await server.restart();
    publisher = await startPublisher({ config: test.config, nats: { url: server.url }, log: quietLog });
    await expectRelayed(2);
  });
});
