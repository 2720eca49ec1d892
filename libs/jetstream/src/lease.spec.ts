import { startTcpProxy, startTestNats, type TcpProxy, type TestNats } from '@crm-mesh/testing';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { connectNats, type Lease, type Nats } from './index.js';
import { linkOf } from './nats.js';

let server: TestNats;
let run = 0;

beforeAll(async () => {
  server = await startTestNats();
});
afterAll(() => server?.stop());

/** Two connections, one over a proxy that can be broken, and a lease that both may ask for. */
interface Rivals {
  a: Nats;
  b: Nats;
  proxy: TcpProxy;
  name: string;
  signal: AbortSignal;
  acquire(nats: Nats, holder: string, signal?: AbortSignal): Promise<Lease>;
}

/** Of one test, for most of them wait for seconds and do that together. */
async function open({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): Promise<Rivals> {
  const name = `lease-${(run += 1)}`;
  const aborting = new AbortController();
  const proxy = await startTcpProxy(server.port);
  const a = await connectNats({ name: 'a', url: proxy.url });
  const b = await connectNats({ name: 'b', url: server.url });
  onTestFinished(async () => {
    aborting.abort();
    await Promise.all([a.close(), b.close()]);
    await proxy.stop();
  });
  const { signal } = aborting;
  const acquire: Rivals['acquire'] = (nats, holder, own = signal) => nats.acquireLease(name, { holder, signal: own });
  return { a, b, proxy, name, signal, acquire };
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return await Promise.race([
    promise.then(() => true),
    new Promise<boolean>((resolve) => setImmediate(() => resolve(false))),
  ]);
}

/** Watches both at a fine grain: never may both be held. */
function watchOverlap(first: Lease, second: () => Lease | undefined): { overlaps: () => number; stop: () => void } {
  let overlaps = 0;
  const timer = setInterval(() => {
    if (first.isHeld() && second()?.isHeld()) overlaps += 1;
  }, 5);
  return { overlaps: () => overlaps, stop: () => clearInterval(timer) };
}

describe.concurrent('acquireLease', () => {
  it('gives a free lease at once, also when the bucket is made by two in the same moment', async (context) => {
    const { a, b, name, acquire, signal } = await open(context);
    const started = performance.now();
    const other = `${name}-other`;
    const [first, second] = await Promise.all([acquire(a, 'a'), b.acquireLease(other, { holder: 'b', signal })]);
    expect(performance.now() - started).toBeLessThan(1_500);
    expect([first.isHeld(), second.isHeld()]).toEqual([true, true]);
    expect([first.name, second.name]).toEqual([name, other]);
  });

  it('gives it to one of many that ask in the same moment', async (context) => {
    const { a, b, acquire } = await open(context);
    const won: Lease[] = [];
    const asked = Array.from({ length: 10 }, (_, i) =>
      acquire(i % 2 ? a : b, `h${i}`).then((lease) => won.push(lease)),
    );
    for (const asking of asked) asking.catch(() => undefined);
    await context.expect.poll(() => won.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(won.length).toBe(1);
  });

  it('keeps it for longer than its deadline, and the challenger out', { timeout: 20_000 }, async (context) => {
    const { a, b, acquire } = await open(context);
    const lease = await acquire(a, 'a');
    let second: Lease | undefined;
    acquire(b, 'b').then(
      (got) => (second = got),
      () => undefined,
    );
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    expect(lease.isHeld()).toBe(true);
    expect(await isSettled(lease.lost)).toBe(false);
    expect(second).toBeUndefined();
  });

  it('lets the next take over at once after a release, with a higher epoch', async (context) => {
    const { a, b, acquire } = await open(context);
    const lease = await acquire(a, 'a');
    const next = acquire(b, 'b');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const started = performance.now();
    await lease.release();
    expect(lease.isHeld()).toBe(false);
    expect(await isSettled(lease.lost)).toBe(true);
    const taken = await next;
    expect(performance.now() - started).toBeLessThan(700);
    expect(taken.isHeld()).toBe(true);
    expect(taken.epoch).toBeGreaterThan(lease.epoch);
    await lease.release();
    expect(taken.isHeld()).toBe(true);
  });

  it('lets the same holder have it again after its release', async (context) => {
    const { a, acquire } = await open(context);
    const lease = await acquire(a, 'a');
    await lease.release();
    const again = await acquire(a, 'a');
    expect(again.epoch).toBeGreaterThan(lease.epoch);
  });

  it('rejects when the signal aborts, and leaves nothing behind', async (context) => {
    const { a, b, acquire } = await open(context);
    const lease = await acquire(a, 'a');
    const giveUp = new AbortController();
    const waiting = acquire(b, 'b', giveUp.signal);
    giveUp.abort(new Error('given up'));
    await expect(waiting).rejects.toThrow('given up');
    await expect(acquire(b, 'b', AbortSignal.abort(new Error('at once')))).rejects.toThrow('at once');
    await lease.release();
    expect((await acquire(a, 'a')).isHeld()).toBe(true);
  });

  it('refuses names that no key can have', async (context) => {
    const { a, signal } = await open(context);
    await expect(a.acquireLease('a.b c', { holder: 'a', signal })).rejects.toMatchObject({
      code: 'MESH_CONFIG_INVALID',
    });
  });
});

describe.concurrent('a lease whose holder is cut off', () => {
  it('is lost at its deadline and taken over only after it', { timeout: 20_000 }, async (context) => {
    const { a, b, proxy, acquire } = await open(context);
    const lease = await acquire(a, 'a');
    let second: Lease | undefined;
    const next = acquire(b, 'b').then((got) => (second = got));
    const watch = watchOverlap(lease, () => second);
    const started = performance.now();
    proxy.stall();
    await lease.lost;
    const lostAfterMs = performance.now() - started;
    expect(lostAfterMs).toBeLessThan(3_100);
    await next;
    const takenAfterMs = performance.now() - started;
    expect(takenAfterMs).toBeGreaterThan(lostAfterMs);
    expect(takenAfterMs).toBeLessThan(5_500);
    expect(second!.epoch).toBeGreaterThan(lease.epoch);
    // The former holder wakes up: its late renewals must not count.
    proxy.release();
    await context.expect.poll(() => a.connected).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(second!.isHeld()).toBe(true);
    expect(lease.isHeld()).toBe(false);
    expect(watch.overlaps()).toBe(0);
    watch.stop();
  });

  it('survives a short break of the connection', { timeout: 20_000 }, async (context) => {
    const { a, b, proxy, acquire } = await open(context);
    const lease = await acquire(a, 'a');
    let second: Lease | undefined;
    acquire(b, 'b').then(
      (got) => (second = got),
      () => undefined,
    );
    for (let i = 0; i < 3; i += 1) {
      proxy.cut();
      await new Promise((resolve) => setTimeout(resolve, 1_400));
    }
    expect(lease.isHeld()).toBe(true);
    expect(second).toBeUndefined();
  });

  it('survives a renewal whose answer is lost', { timeout: 20_000 }, async (context) => {
    const { a, b, name, acquire } = await open(context);
    const lease = await acquire(a, 'a');
    // As if our own renewal had been stored without our knowing: the revision moves on.
    const { jsm, jetstream } = linkOf(b);
    const subject = `$KV.mesh_leases.${name}`;
    const stored = await jsm.streams.getMessage('KV_mesh_leases', { last_by_subj: subject });
    await jetstream.publish(subject, stored!.data);
    await new Promise((resolve) => setTimeout(resolve, 3_300));
    expect(lease.isHeld()).toBe(true);
  });

  it('is lost when somebody else wrote the key', { timeout: 20_000 }, async (context) => {
    const { a, b, name, acquire } = await open(context);
    const lease = await acquire(a, 'a');
    await linkOf(b).jetstream.publish(`$KV.mesh_leases.${name}`, JSON.stringify({ holder: 'x', session: 'y' }));
    const started = performance.now();
    await lease.lost;
    expect(performance.now() - started).toBeLessThan(1_500);
    expect(lease.isHeld()).toBe(false);
  });
});

// One after the other: these hold up everybody else.
describe('a lease whose process or server stands still', () => {
  it('is not held after the event loop was blocked past the deadline', { timeout: 20_000 }, async (context) => {
    const { a, acquire } = await open(context);
    const lease = await acquire(a, 'a');
    const until = performance.now() + 3_200;
    while (performance.now() < until);
    expect(lease.isHeld()).toBe(false);
    await lease.lost;
  });

  it('is lost when the server stands still, and can be had again afterwards', { timeout: 30_000 }, async (context) => {
    const { b, acquire } = await open(context);
    const lease = await acquire(b, 'b');
    await server.pause();
    await lease.lost;
    const again = acquire(b, 'b');
    server.resume();
    expect((await again).isHeld()).toBe(true);
  });

  it('survives a restart of the server', { timeout: 30_000 }, async (context) => {
    const { b, acquire } = await open(context);
    const lease = await acquire(b, 'b');
    await server.kill();
    await server.restart();
    await context.expect.poll(() => b.connected, { timeout: 5_000 }).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(lease.isHeld()).toBe(true);
  });
});
