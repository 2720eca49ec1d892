import { startTcpProxy, startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { connectNats, ensureStreams, settle, type Nats, type Pull, type PullNotice } from './index.js';
import { linkOf } from './nats.js';

let server: TestNats;
let nats: Nats;
let run = 0;
let name = '';

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'pull-recovery', url: server.url });
  await ensureStreams(nats);
});
afterAll(async () => {
  await nats?.close();
  await server?.stop();
});
beforeEach(async () => {
  name = `c${(run += 1)}`;
  await nats.ensureDurable({
    ...{ stream: 'CRM_RAW', name, description: 'a test', filterSubject: `raw.${name}.>`, startFrom: 'all' },
    ...{ ackWaitMs: 5_000, maxAckPending: 100, metadata: {} },
  });
});

async function limit(config: object): Promise<void> {
  await linkOf(nats).jsm.consumers.update('CRM_RAW', name, config);
}

async function publish(id: string): Promise<void> {
  await nats.publish({ subject: `raw.${name}.c.contact.${id}`, payload: id, messageId: `${name}-${id}` });
}

interface Reading {
  pull: Pull;
  got: string[];
  notices: PullNotice[];
}

async function startReading(by: Nats = nats): Promise<Reading> {
  const got: string[] = [];
  const notices: PullNotice[] = [];
  const pull = await by.pull('CRM_RAW', name, { maxMessages: 10, onNotice: (notice) => notices.push(notice) });
  const loop = (async () => {
    for await (const delivery of pull) {
      got.push(Buffer.from(delivery.data).toString());
      settle(delivery, 'ack');
    }
  })();
  onTestFinished(async () => {
    await pull.stop();
    await loop;
  });
  return { pull, got, notices };
}

const countWaiting = async (): Promise<number> => (await linkOf(nats).jsm.consumers.info('CRM_RAW', name)).num_waiting;

describe('a pull whose requests come to nothing', () => {
  it('notices by missing heartbeats that nothing comes through, and goes on afterwards', async () => {
    await limit({ max_expires: 1e9 });
    const proxy = await startTcpProxy(server.port);
    const stalled = await connectNats({ name: 'stalled', url: proxy.url });
    onTestFinished(async () => {
      await stalled.close();
      await proxy.stop();
    });
    const { got, notices } = await startReading(stalled);
    await expect.poll(countWaiting).toBe(1);
    proxy.stall();
    // Long before the client's own pings would notice.
    await expect.poll(() => notices, { timeout: 5_000 }).toContainEqual({ kind: 'interrupted' });
    proxy.release();
    await publish('1');
    await expect.poll(() => got, { timeout: 8_000 }).toContain('1');
    expect(stalled.connected).toBe(true);
  });

  it('says that others hold the room of the consumer, and takes it when it is free', async () => {
    await nats.deleteDurable('CRM_RAW', name);
    const { jsm } = linkOf(nats);
    const config = { durable_name: name, filter_subject: `raw.${name}.>`, max_waiting: 1, max_expires: 1e9 };
    await jsm.consumers.add('CRM_RAW', { ...config, ack_policy: 'explicit' });
    const first = await startReading();
    await expect.poll(countWaiting).toBe(1);
    const second = await startReading();
    await nats.flush();
    const full = { kind: 'limited', detail: expect.stringContaining('max_waiting') as string };
    expect(second.notices).toEqual([full]);
    // The server tells nothing to a request over max_waiting: only its missing heartbeats say that it is gone.
    await expect.poll(() => second.notices, { timeout: 5_000 }).toContainEqual({ kind: 'interrupted' });
    await first.pull.stop();
    await publish('1');
    await expect.poll(() => [...first.got, ...second.got], { timeout: 5_000 }).toEqual(['1']);
    await publish('2');
    await expect.poll(() => second.got, { timeout: 3_000 }).toContain('2');
  });

  it('does not spin where requests may live for a millisecond only, says so, and delivers', async () => {
    await limit({ max_expires: 1e6 });
    let requests = 0;
    const subject = `$JS.API.CONSUMER.MSG.NEXT.CRM_RAW.${name}`;
    const watch = linkOf(nats).nc.subscribe(subject, { callback: () => void (requests += 1) });
    onTestFinished(() => watch.unsubscribe());
    const { got, notices } = await startReading();
    const started = performance.now();
    await expect.poll(() => requests, { timeout: 5_000 }).toBe(5);
    // The first at once, then four a second.
    expect(performance.now() - started).toBeGreaterThan(900);
    const detail = expect.stringContaining('max_expires of 1 ms') as string;
    expect(notices).toEqual([{ kind: 'limited', detail }]);
    await publish('1');
    await expect.poll(() => got, { timeout: 3_000 }).toEqual(['1']);
  });
});
