import { describe, expect, it, vi } from 'vitest';
import { connectNats } from '@crm-mesh/jetstream';
import { DEFAULT_POLICY } from './policy.js';
import { abandon, createScene, done, server, useServer } from './scene.fixture.js';

useServer();

/** `acme-1:2` is an event of the tenant acme. */
const tenantOf = (id: string): string => id.split('-')[0]!;
const limitKeyOf = ({ data }: { data: Uint8Array }): string => tenantOf(Buffer.from(data).toString());

describe('limits of a consumer', () => {
  it('hold the whole to a rate, spend no attempt and keep the order', async () => {
    const scene = createScene({ rateLimit: { perSecond: 40, burst: 1 } });
    const timesMs: number[] = [];
    await scene.start(() => {
      timesMs.push(performance.now());
      return done;
    });
    await scene.publish(...Array.from({ length: 30 }, (_, i) => `a-${i % 3}:${10 + i}`));
    await scene.settled();
    // Thirty runs, the first at once.
    expect(timesMs.at(-1)! - timesMs[0]!).toBeGreaterThan((29 / 40) * 1_000 - 30);
    expect(scene.runs.every(({ attempt }) => attempt === 1)).toBe(true);
    for (const record of ['a-0', 'a-1', 'a-2']) {
      const own = scene.ids().filter((id) => id.startsWith(record));
      expect(own).toEqual(own.toSorted());
    }
  });

  it('hold one key to its rate while the others go on, and put what waits too long or fills the hand into the store', async () => {
    const each = { by: 'tenant', rateLimit: { perSecond: 20, burst: 1 } };
    const scene = createScene({ each, maxAckPending: 20, parkAfterMs: 10_000 });
    const consumer = await scene.start(() => done, { spec: { limitKeyOf } });
    const slow = Array.from({ length: 60 }, (_, i) => `slow-${i}:1`);
    await scene.publish(...slow, 'quick-1:1', 'other-1:1');
    await vi.waitFor(() => expect(scene.ids()).toEqual(expect.arrayContaining(['quick-1:1', 'other-1:1'])));
    expect(scene.ids().length).toBeLessThan(40);
    expect(consumer.status().parkedLanes).toBeGreaterThan(0);
    await vi.waitFor(() => expect(scene.ids().length).toBe(62), { timeout: 10_000 });
    expect(
      scene
        .ids()
        .filter((id) => id.startsWith('slow'))
        .toSorted(),
    ).toEqual(slow.toSorted());
    expect(scene.runs.every(({ attempt }) => attempt === 1)).toBe(true);
    await vi.waitFor(() => expect(consumer.status()).toMatchObject({ parkedLanes: 0, held: 0, buried: 0 }));
  });

  it('run so many of one key at once, and wake the next as soon as there is a place', async () => {
    const scene = createScene({ each: { by: 'tenant', concurrency: 2 }, concurrency: 10 });
    const running = new Map<string, number>();
    const most = new Map<string, number>();
    await scene.start(
      async ({ ids: [id] }) => {
        const tenant = tenantOf(id!);
        const count = (running.get(tenant) ?? 0) + 1;
        running.set(tenant, count);
        most.set(tenant, Math.max(count, most.get(tenant) ?? 0));
        await new Promise((resolve) => setTimeout(resolve, 20));
        running.set(tenant, running.get(tenant)! - 1);
        return done;
      },
      { spec: { limitKeyOf } },
    );
    const startedMs = performance.now();
    await scene.publish(...Array.from({ length: 20 }, (_, i) => [`a-${i}:1`, `b-${i}:1`]).flat());
    await scene.settled();
    expect(Object.fromEntries(most)).toEqual({ a: 2, b: 2 });
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  it('hold also what runs apart after an unclean end', async () => {
    const scene = createScene({ ackWaitMs: 1_000 });
    const doomed = await connectNats({ name: 'doomed', url: server.url });
    const crashed = await scene.start(() => new Promise(() => undefined), { nats: doomed });
    await scene.publish('a-1:1', 'a-2:1', 'a-3:1', 'a-4:1');
    await vi.waitFor(() => expect(scene.runs.length).toBe(4));
    await doomed.close();
    abandon(crashed);
    scene.runs.length = 0;
    const timesMs: number[] = [];
    const policy = { ...DEFAULT_POLICY, ackWaitMs: 1_000, rateLimit: { perSecond: 10, burst: 1 } };
    const handle = () => {
      timesMs.push(performance.now());
      return done;
    };
    const next = await scene.start(handle, { spec: { policy } });
    await scene.settled();
    expect(scene.ids().toSorted()).toEqual(['a-1:1', 'a-2:1', 'a-3:1', 'a-4:1']);
    expect(timesMs.at(-1)! - timesMs[0]!).toBeGreaterThan(250);
    await vi.waitFor(() => expect(next.status().state).toBe('running'));
  });
});
