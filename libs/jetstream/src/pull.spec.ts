import { startTcpProxy, startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  connectNats,
  ensureStreams,
  settle,
  type Delivery,
  type DurableSpec,
  type Nats,
  type Pull,
  type PullNotice,
} from './index.js';
import { linkOf } from './nats.js';

let server: TestNats;
let nats: Nats;
let run = 0;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'pull-test', url: server.url });
  await ensureStreams(nats);
});
afterAll(async () => {
  await nats?.close();
  await server?.stop();
});

/** A durable and a tenant of its own per test. */
let tenant = '';
let name = '';
let notices: PullNotice[] = [];
beforeEach(async () => {
  run += 1;
  tenant = `t${run}`;
  name = `c${run}`;
  notices = [];
  await nats.ensureDurable(spec());
});

function spec(overrides: Partial<DurableSpec> = {}): DurableSpec {
  return {
    stream: 'CRM_RAW',
    name,
    description: 'a test',
    filterSubject: `raw.${tenant}.>`,
    startFrom: 'all',
    ackWaitMs: 1_000,
    maxAckPending: 10_000,
    metadata: { owner: 'test' },
    ...overrides,
  };
}

async function publish(count: number, from = 0): Promise<void> {
  const all = Array.from({ length: count }, (_, i) => {
    const id = from + i;
    return nats.publish({
      subject: `raw.${tenant}.c.contact.${id}`,
      payload: String(id),
      messageId: `${tenant}-${id}`,
    });
  });
  await Promise.all(all);
}

function open(maxMessages: number, by: Nats = nats): Promise<Pull> {
  const own = notices;
  return by.pull('CRM_RAW', name, { maxMessages, onNotice: (notice) => own.push(notice) });
}

/** A request's life of 2 s means a heartbeat each second. */
async function hastenHeartbeats(): Promise<void> {
  await linkOf(nats).jsm.consumers.update('CRM_RAW', name, { max_expires: 2e9 });
}

function read({ data }: Delivery): number {
  return Number(Buffer.from(data).toString());
}

/** Acks everything until so many have come. */
async function consume(pull: Pull, count: number): Promise<number[]> {
  const got: number[] = [];
  for await (const delivery of pull) {
    got.push(read(delivery));
    settle(delivery, 'ack');
    if (got.length === count) break;
  }
  return got;
}

const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

describe('pull', () => {
  it('hands out everything in order, with its facts, and waits for more', async () => {
    await publish(1_000);
    const pull = await open(100);
    const got: Delivery[] = [];
    const loop = (async () => {
      for await (const delivery of pull) {
        got.push(delivery);
        settle(delivery, 'ack');
      }
    })();
    await expect.poll(() => got.length).toBe(1_000);
    await publish(5, 1_000);
    await expect.poll(() => got.length).toBe(1_005);
    await pull.stop();
    await loop;
    expect(got.map(read)).toEqual(numbers(1_005));
    expect(got.map((delivery) => delivery.consumerSequence)).toEqual(numbers(1_005, 1));
    expect(got[0]).toMatchObject({
      stream: 'CRM_RAW',
      consumer: name,
      deliveryCount: 1,
      subject: `raw.${tenant}.c.contact.0`,
    });
    expect(got[0]?.header('Nats-Msg-Id')).toBe(`${tenant}-0`);
    expect(Math.abs(got[0]!.storedAtMs - Date.now())).toBeLessThan(20_000);
    await nats.flush();
    await expect.poll(() => nats.durableState('CRM_RAW', name)).toMatchObject({ pending: 0, ackPending: 0 });
    expect(notices).toEqual([]);
  });

  it('asks for no more than the loop takes', async () => {
    await hastenHeartbeats();
    await publish(500);
    const pull = await open(20);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const got: number[] = [];
    const loop = (async () => {
      for await (const delivery of pull) {
        got.push(read(delivery));
        settle(delivery, 'working');
        await held;
        settle(delivery, 'ack');
      }
    })();
    await expect.poll(() => nats.durableState('CRM_RAW', name)).toMatchObject({ ackPending: 20 });
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    // A loop held back is no lost connection, and piles up no requests.
    expect(notices).toEqual([]);
    expect(got).toEqual([0]);
    expect(await nats.durableState('CRM_RAW', name)).toMatchObject({ ackPending: 20 });
    const { config, ...info } = await linkOf(nats).jsm.consumers.info('CRM_RAW', name);
    expect(config.max_waiting).toBe(512);
    expect(info.num_waiting).toBeLessThanOrEqual(1);
    release();
    await expect.poll(() => nats.durableState('CRM_RAW', name)).toMatchObject({ ackPending: 0, pending: 0 });
    await pull.stop();
    await loop;
  });

  it('gives back at once, for the next to take, what is sent back', async () => {
    await nats.deleteDurable('CRM_RAW', name);
    await nats.ensureDurable(spec({ ackWaitMs: 60_000 }));
    await publish(3);
    const leaving = await open(3);
    for await (const delivery of leaving) {
      await leaving.stop();
      settle(delivery, 'back');
    }
    const seen: [number, number][] = [];
    for await (const delivery of await open(10)) {
      seen.push([read(delivery), delivery.deliveryCount]);
      settle(delivery, 'ack');
      if (seen.length === 3) break;
    }
    // In any order: one that the server was about to send to the pull that has ended goes behind the others.
    expect(seen.toSorted(([a], [b]) => a - b)).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
    ]);
  });

  it('term ends a message for good; working keeps it beyond its ack_wait; a second answer is not sent', async () => {
    await publish(2);
    const pull = await open(10);
    const seen: [number, number][] = [];
    const loop = (async () => {
      for await (const delivery of pull) {
        seen.push([read(delivery), delivery.deliveryCount]);
        if (read(delivery) === 0) {
          settle(delivery, 'term');
          settle(delivery, 'back');
          continue;
        }
        for (let i = 0; i < 6; i += 1) {
          settle(delivery, 'working');
          await new Promise((resolve) => setTimeout(resolve, 400));
        }
        settle(delivery, 'ack');
      }
    })();
    await expect
      .poll(() => nats.durableState('CRM_RAW', name), { timeout: 8_000 })
      .toMatchObject({ pending: 0, ackPending: 0 });
    expect(seen).toEqual([
      [0, 1],
      [1, 1],
    ]);
    await pull.stop();
    await loop;
  });

  it('hands out its buffer after stop() and takes nothing more', async () => {
    await publish(50);
    const pull = await open(50);
    const deliveries = pull[Symbol.asyncIterator]();
    const first = await deliveries.next();
    await expect.poll(() => nats.durableState('CRM_RAW', name)).toMatchObject({ ackPending: 50 });
    await pull.stop();
    await publish(10, 50);
    const got = [read(first.value as Delivery)];
    for (let next = await deliveries.next(); !next.done; next = await deliveries.next()) got.push(read(next.value));
    expect(got).toEqual(numbers(50));
    await expect.poll(() => nats.durableState('CRM_RAW', name)).toMatchObject({ pending: 10 });
  });

  it('can be stopped before it started, and twice', async () => {
    const pull = await open(10);
    await pull.stop();
    await pull.stop();
    expect(await consume(pull, 1)).toEqual([]);
  });
});

describe('a pull and its operator', () => {
  it('says at once that there is no such durable', async () => {
    await expect(nats.pull('CRM_RAW', 'nobody', { maxMessages: 1, onNotice: () => undefined })).rejects.toMatchObject({
      code: 'MESH_DURABLE_MISSING',
    });
  });

  it('ends when the consumer is deleted, after its buffer', async () => {
    await publish(10);
    const pull = await open(10);
    const got: number[] = [];
    const loop = (async () => {
      for await (const delivery of pull) {
        if (got.length === 0) await new Promise((resolve) => setTimeout(resolve, 300));
        got.push(read(delivery));
        settle(delivery, 'ack');
      }
    })();
    await expect.poll(() => nats.durableState('CRM_RAW', name)).toMatchObject({ ackPending: 10 });
    await nats.deleteDurable('CRM_RAW', name);
    await loop;
    expect(got).toEqual(numbers(10));
    expect(notices).toEqual([{ kind: 'deleted' }]);
  });

  it('ends when the consumer was made anew under the same name', async () => {
    const pull = await open(10);
    const loop = consume(pull, 1);
    // A request that meets the deletion half-way is forgotten without an answer, and found out by missed heartbeats.
    await expect.poll(async () => (await linkOf(nats).jsm.consumers.info('CRM_RAW', name)).num_waiting).toBe(1);
    await nats.deleteDurable('CRM_RAW', name);
    await nats.ensureDurable(spec());
    expect(await loop).toEqual([]);
    expect(notices).toEqual([{ kind: 'deleted' }]);
  });

  it('ends when the whole stream is deleted', async () => {
    const { jsm } = linkOf(nats);
    await jsm.streams.add({ name: 'GONE', subjects: ['gone.>'] });
    await nats.ensureDurable(spec({ stream: 'GONE', filterSubject: 'gone.>' }));
    const pull = await nats.pull('GONE', name, { maxMessages: 10, onNotice: (notice) => notices.push(notice) });
    const loop = consume(pull, 1);
    await expect.poll(async () => (await jsm.consumers.info('GONE', name)).num_waiting).toBe(1);
    await jsm.streams.delete('GONE');
    expect(await loop).toEqual([]);
    expect(notices).toEqual([{ kind: 'deleted' }]);
  });

  it.each([
    ['max_batch', { max_batch: 7 }],
    ['max_batch of 1', { max_batch: 1 }],
    ['max_expires', { max_expires: 400_000_000 }],
    ['max_bytes', { max_bytes: 1_000_000 }],
  ])('flows under a lower %s, set before', async (_, limits) => {
    await linkOf(nats).jsm.consumers.update('CRM_RAW', name, limits as object);
    await publish(100);
    expect(await consume(await open(100), 100)).toEqual(numbers(100));
  });

  it.each([
    ['max_batch', { max_batch: 7 }],
    ['max_expires', { max_expires: 2_000_000_000 }],
  ])('flows on when %s is lowered below what it asks for, and says so', async (_, limits) => {
    await publish(5);
    const pull = await open(100);
    const got: number[] = [];
    const loop = (async () => {
      for await (const delivery of pull) {
        got.push(read(delivery));
        settle(delivery, 'ack');
      }
    })();
    await expect.poll(() => got.length).toBe(5);
    await linkOf(nats).jsm.consumers.update('CRM_RAW', name, limits as object);
    await publish(300, 5);
    await expect.poll(() => got.length, { timeout: 20_000 }).toBe(305);
    expect(notices[0]?.kind).toBe('limited');
    await pull.stop();
    await loop;
  });

  it.each([
    // Before the server's heartbeat, which comes each five seconds.
    ['at once where it is told', true, 4_000],
    ['with the next heartbeat where it is not', false, 8_000],
  ])('waits through a pause, tells it in the state, and goes on after it: %s', async (_, isTold, timeout) => {
    if (!isTold) await hastenHeartbeats();
    const pull = await open(10);
    const got: number[] = [];
    const loop = (async () => {
      for await (const delivery of pull) {
        got.push(read(delivery));
        settle(delivery, 'ack');
      }
    })();
    await publish(1);
    await expect.poll(() => got).toEqual([0]);
    await nats.pauseDurable('CRM_RAW', name, new Date(Date.now() + 3_600_000));
    expect(await nats.durableState('CRM_RAW', name)).toMatchObject({ paused: true });
    await publish(20, 1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(got).toEqual([0]);
    await nats.pauseDurable('CRM_RAW', name, new Date(0));
    expect(await nats.durableState('CRM_RAW', name)).toMatchObject({ paused: false });
    if (isTold) pull.nudge();
    await expect.poll(() => got, { timeout }).toEqual(numbers(21));
    expect(notices).toEqual([]);
    await pull.stop();
    await loop;
  });

  it('outlives a listener for notices that throws', async () => {
    await publish(5);
    const pull = await nats.pull('CRM_RAW', name, {
      maxMessages: 5,
      onNotice: () => {
        throw new Error('a bad listener');
      },
    });
    await linkOf(nats).jsm.consumers.update('CRM_RAW', name, { max_batch: 2 });
    expect(await consume(pull, 5)).toEqual(numbers(5));
  });
});

describe('a pull and its connection', () => {
  it('outlives an event loop that is blocked for longer than its heartbeats', { timeout: 60_000 }, async () => {
    await hastenHeartbeats();
    await publish(10);
    const pull = await open(5);
    const got = new Set<number>();
    let blocked = false;
    for await (const delivery of pull) {
      if (!blocked) {
        blocked = true;
        const until = performance.now() + 4_000;
        while (performance.now() < until);
        await publish(10, 10);
      }
      got.add(read(delivery));
      settle(delivery, 'ack');
      if (got.size === 20) break;
    }
    expect([...got].toSorted((a, b) => a - b)).toEqual(numbers(20));
  });

  it('goes on after a cut connection, and says that it was interrupted', async () => {
    const proxy = await startTcpProxy(server.port);
    const flaky = await connectNats({ name: 'flaky', url: proxy.url });
    const pull = await open(10, flaky);
    const got = new Set<number>();
    const loop = (async () => {
      for await (const delivery of pull) {
        got.add(read(delivery));
        settle(delivery, 'ack');
      }
    })();
    await publish(20);
    await expect.poll(() => got.size).toBe(20);
    proxy.cut();
    await publish(20, 20);
    await expect.poll(() => got.size, { timeout: 5_000 }).toBe(40);
    expect(notices).toEqual([{ kind: 'interrupted' }]);
    await pull.stop();
    await loop;
    await flaky.close();
    await proxy.stop();
  });

  it('ends when the connection is closed', async () => {
    const closing = await connectNats({ name: 'closing', url: server.url });
    const loop = consume(await open(10, closing), 1);
    await closing.close();
    expect(await loop).toEqual([]);
    expect(notices).toEqual([]);
  });

  it('settles without a throw while disconnected and after closing', async () => {
    await publish(3);
    const proxy = await startTcpProxy(server.port);
    const flaky = await connectNats({ name: 'flaky', url: proxy.url });
    const held: Delivery[] = [];
    for await (const delivery of await open(3, flaky)) {
      held.push(delivery);
      if (held.length === 3) break;
    }
    proxy.refuse();
    await expect.poll(() => flaky.connected).toBe(false);
    expect(() => settle(held[0]!, 'ack')).not.toThrow();
    await flaky.close();
    expect(() => settle(held[1]!, 'ack')).not.toThrow();
    expect(() => settle({ ...held[2]! } as Delivery, 'ack')).not.toThrow();
    expect((await consume(await open(3), 3)).toSorted((x, y) => x - y)).toEqual([0, 1, 2]);
    await proxy.stop();
  });

  it(
    'goes on after the server was killed, and ends when the consumer is gone by then',
    { timeout: 60_000 },
    async () => {
      const pull = await open(10);
      const got = new Set<number>();
      const loop = (async () => {
        for await (const delivery of pull) {
          got.add(read(delivery));
          settle(delivery, 'ack');
        }
      })();
      await publish(100);
      await expect.poll(() => got.size).toBe(100);
      await server.kill();
      await server.restart();
      await expect.poll(() => nats.connected, { timeout: 10_000 }).toBe(true);
      await publish(100, 100);
      await expect.poll(() => got.size, { timeout: 10_000 }).toBe(200);
      expect(notices).toEqual([{ kind: 'interrupted' }]);

      const second = await connectNats({ name: 'second', url: server.url });
      const proxy = await startTcpProxy(server.port);
      const away = await connectNats({ name: 'away', url: proxy.url });
      const orphan = await open(10, away);
      const orphanLoop = consume(orphan, 1);
      proxy.refuse();
      await second.deleteDurable('CRM_RAW', name);
      await loop;
      proxy.allow();
      expect(await orphanLoop).toEqual([]);
      expect(notices.at(-1)).toEqual({ kind: 'deleted' });
      await Promise.all([second.close(), away.close()]);
      await proxy.stop();
    },
  );
});
