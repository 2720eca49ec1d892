import { describe, expect, it, vi } from 'vitest';
import { createScene, done, error, failed, nats, store, useServer } from './scene.fixture.js';

const HOUR_MS = 3_600_000;

useServer();

/** Holds back the first run, until many wait. */
function createGate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
}

describe('a lane that fell behind, with coalesce', () => {
  it('runs only the newest of its updates, and counts the others', async () => {
    const scene = createScene({ coalesceAfterEvents: 2 });
    const gate = createGate();
    const consumer = await scene.start(async ({ ids: [id] }) => {
      if (id === 'a:1') await gate.opened;
      return done;
    });
    await scene.publish('a:1', 'a:2', 'a:3', 'a:4', 'b:1', 'a:5');
    await vi.waitFor(() => expect(consumer.status().held).toBe(5));
    gate.open();
    await scene.settled();
    expect(scene.ids()).toEqual(['a:1', 'b:1', 'a:5']);
    expect(consumer.status()).toMatchObject({ acked: 3, superseded: 3, skipped: 0 });
  });

  it('does not run again what was passed over, when its ack was lost', async () => {
    const scene = createScene({ coalesceAfterEvents: 2 });
    await scene.publish('a:1', 'a:2', 'a:3');
    const first = await scene.start(async ({ ids: [id] }) => (id === 'a:3' ? done : failed));
    await scene.settled();
    await first.stop();
    await nats.deleteDurable('CRM_EVENTS', scene.name);
    const ran = scene.ids().length;
    const second = await scene.start(() => done, { spec: { policy: { ...scene.policy, coalesceAfterEvents: 0 } } });
    await scene.settled();
    expect(scene.ids().length).toBe(ran);
    expect(second.status()).toMatchObject({ skipped: 3, acked: 0 });
  });

  it('waits until it has fallen behind far enough', async () => {
    const scene = createScene({ coalesceAfterEvents: 4 });
    const gate = createGate();
    const consumer = await scene.start(async ({ ids: [id] }) => {
      if (id === 'a:1') await gate.opened;
      return done;
    });
    await scene.publish('a:1', 'a:2', 'a:3', 'a:4');
    await vi.waitFor(() => expect(consumer.status().held).toBe(4));
    gate.open();
    await scene.settled();
    expect(scene.ids()).toEqual(['a:1', 'a:2', 'a:3', 'a:4']);
  });

  it('passes over a failing update as soon as a newer one waits, and forgets its failures', async () => {
    const scene = createScene({ coalesceAfterEvents: 2, backoff: { initialMs: 300, maxMs: 300, factor: 1 } });
    const consumer = await scene.start(({ ids: [id] }) => (id === 'a:1' ? failed : done));
    await scene.publish('a:1');
    await vi.waitFor(() => expect(consumer.status().retried).toBe(1));
    await scene.publish('a:2');
    await scene.settled();
    expect(scene.ids()).toEqual(['a:1', 'a:2']);
    expect(await store.read('SELECT * FROM delivery_failures')).toEqual([]);
  });

  it('passes over in the store as well, row by row', async () => {
    const scene = createScene({ coalesceAfterEvents: 2 });
    const later = { kind: 'retry-later', delayMs: HOUR_MS, error } as const;
    const first = await scene.start(() => later);
    await scene.publish('a:1');
    await vi.waitFor(() => expect(first.status().parkedLanes).toBe(1));
    await scene.publish(...Array.from({ length: 1_200 }, (_, i) => `a:${i + 2}`));
    await vi.waitFor(() => expect(first.status().parkedMessages).toBe(1_201), { timeout: 20_000 });
    await first.stop();
    const second = await scene.start(() => done, { now: () => Date.now() + HOUR_MS });
    await vi.waitFor(() => expect(second.status().parkedLanes).toBe(0), { timeout: 20_000 });
    expect(scene.ids()).toEqual(['a:1', 'a:1201']);
    expect(second.status()).toMatchObject({ acked: 1, superseded: 1_200, parkedMessages: 0 });
    expect(await store.read('SELECT * FROM delivery_parked')).toEqual([]);
    expect((await store.read('SELECT * FROM delivery_inbox')).length).toBe(1_201);
  });
});
