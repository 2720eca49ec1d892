import { startTcpProxy, startTestNats, type TcpProxy, type TestNats } from '@crm-mesh/testing';
import { DiscardPolicy } from '@nats-io/jetstream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectNats, ensureStreams, PublishError, type Nats, type PubAck } from './index.js';
import { linkOf } from './nats.js';

const MAX_PAYLOAD = 65_536 * 2;
let server: TestNats;
let nats: Nats;
let count = 0;

beforeAll(async () => {
  server = await startTestNats({ settings: { max_payload: MAX_PAYLOAD } });
  nats = await connectNats({ name: 'publish-test', url: server.url });
  await ensureStreams(nats);
});
afterAll(async () => {
  await nats?.close();
  await server?.stop();
});

function message(overrides: object = {}): Parameters<Nats['publish']>[0] {
  count += 1;
  return { subject: `raw.t.c.contact.${count}`, payload: `{"n":${count}}`, messageId: `m${count}`, ...overrides };
}

async function failure(publishing: Promise<unknown>): Promise<PublishError> {
  const error: unknown = await publishing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PublishError);
  return error as PublishError;
}

describe('publish', () => {
  it('resolves with the place in the stream, and stores payload, id and headers', async () => {
    const ack = await nats.publish(
      message({ messageId: 'ünï code', headers: { traceparent: '00-ab', 'content-type': 'x' } }),
    );
    expect(ack).toEqual({ stream: 'CRM_RAW', sequence: expect.any(Number), duplicate: false });
    const stored = await nats.getMessage('CRM_RAW', ack.sequence);
    expect(stored?.header('Nats-Msg-Id')).toBe('ünï code');
    expect(stored?.header('traceparent')).toBe('00-ab');
    expect(stored?.header('Traceparent')).toBeUndefined();
    expect(stored?.header('absent')).toBeUndefined();
    expect(Buffer.from(stored!.data).toString()).toBe(`{"n":${count}}`);
    expect(Math.abs(stored!.storedAtMs - Date.now())).toBeLessThan(10_000);
  });

  it('tells a duplicate and names the sequence of the first', async () => {
    const first = await nats.publish(message({ messageId: 'twice' }));
    const second = await nats.publish(message({ messageId: 'twice' }));
    expect(second).toEqual({ stream: 'CRM_RAW', sequence: first.sequence, duplicate: true });
  });

  it('keeps the order of what is published without waiting', async () => {
    const acks = await Promise.all(Array.from({ length: 2_000 }, () => nats.publish(message())));
    const sequences = acks.map((ack) => ack.sequence);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    expect(new Set(sequences).size).toBe(2_000);
  });

  it.each([
    ['a payload over max_payload', { payload: 'x'.repeat(MAX_PAYLOAD + 1) }, 'MESH_MESSAGE_TOO_LARGE'],
    ['headers over 64 KiB', { headers: { big: 'x'.repeat(65_536) } }, 'MESH_MESSAGE_TOO_LARGE'],
    ['a subject over 1 KiB', { subject: `raw.t.c.contact.${'x'.repeat(1_100)}` }, 'MESH_ID_TOO_LONG'],
    ['a control line over 4 KiB', { subject: `raw.t.c.contact.${'x'.repeat(8_000)}` }, 'MESH_ID_TOO_LONG'],
    ['a subject with a wildcard', { subject: 'raw.t.*.contact.1' }, 'MESH_MESSAGE_INVALID'],
    ['a subject with an empty token', { subject: 'raw.t..contact' }, 'MESH_MESSAGE_INVALID'],
    ['a subject with a space', { subject: 'raw.t.a b' }, 'MESH_MESSAGE_INVALID'],
    ['a header with a line break', { headers: { a: 'x\r\nNats-Msg-Id: y' } }, 'MESH_MESSAGE_INVALID'],
    ['a message id with a line break', { messageId: 'x\ny' }, 'MESH_MESSAGE_INVALID'],
  ])('refuses %s at once and for good', async (_, overrides, code) => {
    const started = performance.now();
    const error = await failure(nats.publish(message(overrides)));
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(error).toMatchObject({ retryClass: 'permanent', code });
    await expect(nats.publish(message())).resolves.toBeDefined();
  });

  it('takes what is just within the limits', async () => {
    const own = Buffer.byteLength(`NATS/1.0\r\nNats-Msg-Id: edge\r\n\r\n`);
    await nats.publish(message({ messageId: 'edge', payload: 'x'.repeat(MAX_PAYLOAD - own) }));
    const id = 'x'.repeat(1_024 - 'raw.t.c.contact.'.length);
    const ack = await nats.publish(message({ subject: `raw.t.c.contact.${id}` }));
    expect((await nats.getMessage('CRM_RAW', ack.sequence))?.subject).toHaveLength(1_024);
  });

  it('says that no stream takes the subject', async () => {
    const error = await failure(nats.publish(message({ subject: 'nobody.home' })));
    expect(error).toMatchObject({ retryClass: 'transient', code: 'MESH_STREAM_MISSING' });
    expect(error.message).toContain("'nobody.home'");
  });

  it("calls a full stream 'full' and a message over the stream's own limit permanent", async () => {
    const { jsm } = linkOf(nats);
    const limits = { discard: DiscardPolicy.New, max_msgs: 1, max_msg_size: 1_000 };
    await jsm.streams.add({ name: 'FULL', subjects: ['full.>'], ...limits });
    await nats.publish(message({ subject: 'full.1' }));
    expect(await failure(nats.publish(message({ subject: 'full.2' })))).toMatchObject({
      retryClass: 'full',
      errorCode: 10077,
    });
    const large = await failure(nats.publish(message({ subject: 'full.3', payload: 'x'.repeat(1_001) })));
    expect(large).toMatchObject({ retryClass: 'permanent', errorCode: 10054 });
    await jsm.streams.delete('FULL');
  });

  it('takes an answer that is no ack as transient', async () => {
    const { nc } = linkOf(nats);
    const sub = nc.subscribe('odd.>', { callback: (_, m) => void m.respond(m.subject === 'odd.1' ? 'no JSON' : '{}') });
    await nats.flush();
    expect(await failure(nats.publish(message({ subject: 'odd.1' })))).toMatchObject({ retryClass: 'transient' });
    expect(await failure(nats.publish(message({ subject: 'odd.2' })))).toMatchObject({ retryClass: 'transient' });
    sub.unsubscribe();
    await expect(nats.publish(message())).resolves.toBeDefined();
  });

  it('does not take a blocked event loop for silence of the server', async () => {
    const hasty = await connectNats({ name: 'hasty', url: server.url, publishTimeoutMs: 500 });
    const publishing = hasty.publish(message());
    const until = performance.now() + 1_500;
    while (performance.now() < until);
    await expect(publishing).resolves.toMatchObject({ duplicate: false });
    await hasty.close();
  });
});

describe('publish over a connection that breaks', () => {
  let proxy: TcpProxy;
  let flaky: Nats;
  beforeEach(async () => {
    proxy = await startTcpProxy(server.port);
    flaky = await connectNats({ name: 'flaky', url: proxy.url, publishTimeoutMs: 3_000 });
  });
  afterEach(async () => {
    await flaky.close();
    await proxy.stop();
  });

  it('refuses at once, as transient, while disconnected', async () => {
    proxy.refuse();
    await expect.poll(() => flaky.connected).toBe(false);
    const started = performance.now();
    expect(await failure(flaky.publish(message()))).toMatchObject({ retryClass: 'transient' });
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('sends again after the reconnect what was under way, in order, and stores nothing twice', async () => {
    await flaky.publish(message());
    const before = await nats.streamState('CRM_RAW');
    proxy.stall();
    const publishing = Array.from({ length: 50 }, () => flaky.publish(message()));
    const subjects = Array.from({ length: 50 }, (_, i) => `raw.t.c.contact.${count - 49 + i}`);
    proxy.cut();
    proxy.release();
    const acks = await Promise.all(publishing);
    expect(acks.every((ack) => ack.resent)).toBe(true);
    const stored: string[] = [];
    for await (const { subject } of nats.readStream('CRM_RAW', { fromSequence: before.lastSequence + 1 }))
      stored.push(subject);
    expect(stored).toEqual(subjects);
  });

  it('marks as resent what turns out to be stored already', async () => {
    await flaky.publish(message());
    proxy.stall();
    const one = message();
    const publishing = flaky.publish(one);
    // As if the first send had come through and only its ack was lost.
    const stored = await nats.publish(one);
    proxy.cut();
    proxy.release();
    expect(await publishing).toEqual({ stream: 'CRM_RAW', sequence: stored.sequence, duplicate: true, resent: true });
  });

  it('gives up at its own deadline when nothing answers, and works again afterwards', async () => {
    await flaky.publish(message());
    proxy.stall();
    const started = performance.now();
    expect(await failure(flaky.publish(message()))).toMatchObject({ retryClass: 'transient' });
    expect(performance.now() - started).toBeGreaterThan(2_900);
    expect(performance.now() - started).toBeLessThan(4_500);
    proxy.release();
    await expect(flaky.publish(message())).resolves.toMatchObject({ duplicate: false });
  });

  it('rejects what is under way when it is closed', async () => {
    await flaky.publish(message());
    proxy.stall();
    const publishing = failure(flaky.publish(message()));
    proxy.cut();
    proxy.refuse();
    proxy.release();
    await expect.poll(() => flaky.connected).toBe(false);
    await flaky.close();
    expect(await publishing).toMatchObject({ retryClass: 'transient' });
  });
});

describe('publish through a restart of the server', () => {
  it('loses nothing and doubles nothing', async () => {
    const first = (await nats.streamState('CRM_RAW')).lastSequence + 1;
    const acks: PubAck[] = [];
    const stop = new AbortController();
    const publishOne = async (): Promise<void> => {
      const one = message();
      for (;;) {
        const ack = await nats.publish(one).catch(() => undefined);
        if (ack !== undefined) return void acks.push(ack);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const running = (async () => {
      while (!stop.signal.aborted) await Promise.all(Array.from({ length: 50 }, publishOne));
    })();
    await expect.poll(() => acks.length).toBeGreaterThan(200);
    await server.kill();
    await server.restart();
    const soFar = acks.length;
    await expect.poll(() => acks.length, { timeout: 15_000 }).toBeGreaterThan(soFar + 200);
    stop.abort();
    await running;
    const ids: string[] = [];
    for await (const m of nats.readStream('CRM_RAW', { fromSequence: first })) ids.push(m.header('Nats-Msg-Id')!);
    expect(new Set(ids).size).toBe(ids.length);
    const sequences = new Set(acks.map((ack) => ack.sequence));
    expect(sequences.size).toBe(acks.length);
    expect(ids).toHaveLength(acks.length);
  });
});
