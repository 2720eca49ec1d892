import { describe, expect, it, vi } from 'vitest';
import { connectNats } from '@crm-mesh/jetstream';
import { faultyStore, lossyNats, watchedNats } from './faulty-parts.fixture.js';
import { Lane, type Held } from './lane.js';
import { ensureDirectDurable, redrive } from './redrive.js';
import { abandon, createScene, done, error, failed, nats, server, store, useServer } from './scene.fixture.js';

// Each of these was once found wrong.

useServer();

describe('run once', () => {
  it('holds when the server is killed: what it delivers again, as if for the first time, is skipped', async () => {
    const scene = createScene();
    await scene.start(() => done);
    let total = 0;
    for (let round = 0; round < 3; round++) {
      const ids = Array.from({ length: 200 }, (_, i) => `r${i % 20}:${String(++total).padStart(5, '0')}`);
      await scene.publish(...ids);
      await vi.waitFor(() => expect(scene.ids().length).toBe(total), { timeout: 10_000, interval: 1 });
      await server.kill();
      await server.restart();
      await vi.waitFor(() => expect(nats.connected).toBe(true), { timeout: 10_000 });
      await scene.settled();
    }
    expect(scene.ids().length).toBe(total);
  });

  it('holds when the store refuses the end of a parked event', async () => {
    const scene = createScene({ parkAfterMs: 50 });
    let refuse = false;
    const consumer = await scene.start(
      ({ attempt }) => {
        if (attempt === 1) return { kind: 'retry-later', delayMs: 100, error };
        refuse = true;
        return done;
      },
      {
        store: faultyStore(store, () => {
          if (!refuse) return;
          refuse = false;
          throw new Error('the store is away');
        }),
      },
    );
    await scene.publish('a:1');
    await vi.waitFor(() => expect(consumer.status().acked).toBe(1), { timeout: 10_000 });
    expect(scene.runs.map(({ attempt }) => attempt)).toEqual([1, 2]);
  });
});

describe('order', () => {
  it('holds when a lane is parked while an event of it is missing', async () => {
    const scene = createScene({ parkAfterMs: 50 });
    const completed: string[] = [];
    let answer = (): void => undefined;
    const gate = new Promise<void>((resolve) => (answer = resolve));
    const consumer = await scene.start(
      async ({ ids: [id], attempt }) => {
        if (id === 'a:1' && attempt === 1) {
          await gate;
          return { kind: 'retry-later', delayMs: 200, error };
        }
        completed.push(id!);
        return done;
      },
      { nats: lossyNats(nats, 'a:2') },
    );
    await scene.publish('a:1');
    await vi.waitFor(() => expect(scene.runs.length).toBe(1));
    await scene.publish('a:2', 'a:3');
    await vi.waitFor(() => expect(consumer.status()).toMatchObject({ held: 2, state: 'waiting-for-pending' }));
    answer();
    await vi.waitFor(() => expect(completed).toEqual(['a:1', 'a:2', 'a:3']), { timeout: 10_000 });
  });

  it('holds when the store refuses what joins a parked lane', async () => {
    const scene = createScene({ parkAfterMs: 50 });
    const completed: string[] = [];
    let mode: 'takes' | 'refuses' = 'takes';
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const consumer = await scene.start(
      ({ ids: [id], attempt }) => {
        if (id === 'a:1' && attempt === 1) return { kind: 'retry-later', delayMs: 1_000, error };
        completed.push(id!);
        return done;
      },
      {
        store: faultyStore(store, async () => {
          if (mode === 'takes') return;
          mode = 'takes';
          await gate;
          throw new Error('the store is away');
        }),
      },
    );
    await scene.publish('a:1');
    await vi.waitFor(() => expect(consumer.status().parkedLanes).toBe(1));
    mode = 'refuses';
    await scene.publish('a:2');
    await vi.waitFor(() => expect(mode).toBe('takes'));
    await scene.publish('a:3');
    await vi.waitFor(() => expect(consumer.status().held).toBe(2));
    release();
    await vi.waitFor(() => expect(completed).toEqual(['a:1', 'a:2', 'a:3']), { timeout: 10_000 });
  });

  it('within one stream is not disturbed by what came through another', () => {
    const lane = new Lane('x');
    const insert = (stream: string, sequence: number): void =>
      lane.insert({ ref: { stream, incarnation: 'i', sequence } } as Held);
    insert('CRM_EVENTS', 5);
    insert('CRM_DIRECT', 1);
    insert('CRM_EVENTS', 3);
    insert('CRM_EVENTS', 7);
    expect(lane.waiting.map(({ ref }) => `${ref.stream} ${ref.sequence}`)).toEqual([
      'CRM_EVENTS 3',
      'CRM_EVENTS 5',
      'CRM_DIRECT 1',
      'CRM_EVENTS 7',
    ]);
  });
});

describe('a breaker that closes', () => {
  it('cuts no wait but those for itself', async () => {
    const scene = createScene({ parkAfterMs: 100, maxAttempts: 5 });
    let away = true;
    const consumer = await scene.start(({ ids: [id] }) => {
      if (id!.startsWith('p')) return { kind: 'retry-later', delayMs: 3_600_000, error };
      return away ? { kind: 'unavailable', error } : done;
    });
    await scene.publish('p:1');
    await vi.waitFor(() => expect(consumer.status().parkedLanes).toBe(1));
    await scene.publish('a:1', 'b:1', 'c:1', 'd:1', 'e:1', 'f:1');
    await vi.waitFor(() => expect(consumer.status().breaker).toBe('open'));
    away = false;
    await scene.settled();
    expect(consumer.status().breaker).toBe('closed');
    expect(scene.runs.filter(({ ids }) => ids[0] === 'p:1').length).toBe(1);
    expect(consumer.status().parkedLanes).toBe(1);
  });
});

describe('events that run together', () => {
  it('are buried each by its own attempts', async () => {
    const scene = createScene({ maxAttempts: 3, coalesceMs: 50, backoff: { initialMs: 200, maxMs: 200, factor: 1 } });
    await scene.start(() => failed);
    await scene.publish('a:1');
    await vi.waitFor(() => expect(scene.runs.length).toBe(2));
    await scene.publish('a:2');
    await scene.settled();
    const letters = await scene.deadLetters();
    expect(letters.map(({ letter }) => [letter.original.payloadText, letter.attemptCount])).toEqual([
      ['a:1', 3],
      ['a:2', 3],
    ]);
  });

  it('are not buried for one among them', async () => {
    const scene = createScene({ coalesceMs: 100 });
    await scene.start(({ ids }) => (ids.includes('a:2') ? { kind: 'permanent', error } : done));
    await scene.publish('a:1', 'a:2', 'a:3');
    await scene.settled();
    expect((await scene.deadLetters()).map(({ letter }) => letter.original.payloadText)).toEqual(['a:2']);
    expect(scene.runs.map(({ ids }) => ids.join(' '))).toEqual(['a:1 a:2 a:3', 'a:1', 'a:2', 'a:3']);
    // What comes later gathers again.
    await scene.publish('a:4', 'a:5');
    await scene.settled();
    expect(scene.runs.at(-1)!.ids).toEqual(['a:4', 'a:5']);
  });
});

describe('a redrive', () => {
  it('twice at the same time opens one way', async () => {
    const scene = createScene({ maxAttempts: 1 });
    let mended = false;
    const consumer = await scene.start(() => (mended ? done : { kind: 'permanent', error }));
    await scene.publish('a:1', 'b:1');
    await scene.settled();
    const dead = await scene.deadLetters();
    mended = true;
    await Promise.all(dead.map(({ sequence }) => consumer.redrive({ sequences: [sequence], by: 'ann' })));
    await vi.waitFor(() => expect(scene.ids().toSorted()).toEqual(['a:1', 'a:1', 'b:1', 'b:1']));
    await vi.waitFor(async () =>
      expect(await nats.durableState('CRM_DIRECT', scene.name)).toMatchObject({
        pending: 0,
        ackPending: 0,
        redelivered: 0,
      }),
    );
  });

  it('while the consumer stops leaves nothing behind that pulls', async () => {
    const scene = createScene({ maxAttempts: 1 });
    let stop: (() => Promise<void>) | undefined;
    let stopped: Promise<void> | undefined;
    const watched = watchedNats(nats, 'CRM_DIRECT', () => {
      stopped ??= stop?.();
      return Promise.resolve();
    });
    const consumer = await scene.start(() => ({ kind: 'permanent', error }), { nats: watched });
    await scene.publish('a:1');
    await scene.settled();
    const [dead] = await scene.deadLetters();
    stop = () => consumer.stop();
    await consumer.redrive({ sequences: [dead!.sequence], by: 'ann' });
    await stopped;
    expect(consumer.status()).toMatchObject({ state: 'stopped', held: 0 });
    await scene.start(() => done);
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:1']));
  });

  it('while the consumer starts reaches it', async () => {
    const scene = createScene({ maxAttempts: 1 });
    const first = await scene.start(() => ({ kind: 'permanent', error }));
    await scene.publish('a:1');
    await scene.settled();
    await first.stop();
    const [dead] = await scene.deadLetters();
    const { name } = scene;
    const redriveOnce = async (): Promise<void> => {
      await ensureDirectDurable(nats, { name, description: 'd', ackWaitMs: 1_000, maxAckPending: 100, metadata: {} });
      await redrive(nats, { consumer: name, sequences: [dead!.sequence], by: 'ann' }, Date.now());
    };
    // Just behind the look for what was sent directly, which found nothing.
    let redriven: Promise<void> | undefined;
    await scene.start(() => done, { nats: watchedNats(nats, 'CRM_DIRECT', () => (redriven ??= redriveOnce())) });
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:1']), { timeout: 15_000 });
  });
});

describe('a stop', () => {
  it('ends though the store refuses what a quarantine has to write down', async () => {
    const scene = createScene({ ackWaitMs: 300 });
    const doomed = await connectNats({ name: 'doomed', url: server.url });
    const crashed = await scene.start(() => new Promise(() => undefined), { nats: doomed });
    await scene.publish('a:1');
    await vi.waitFor(() => expect(crashed.status().held).toBe(1));
    await doomed.close();
    abandon(crashed);
    let writes = 0;
    const next = await scene.start(() => done, {
      // The first one says that a life has begun.
      store: faultyStore(store, () => {
        if (++writes > 1) throw new Error('the store is away');
      }),
    });
    await vi.waitFor(() => expect(writes).toBeGreaterThan(1), { timeout: 10_000 });
    await next.stop({ graceMs: 0 });
    expect(next.status().state).toBe('stopped');
  });

  it('ends while some that were in hand at an unclean end still wait to run apart', async () => {
    const scene = createScene({ ackWaitMs: 300 });
    const doomed = await connectNats({ name: 'doomed', url: server.url });
    const crashed = await scene.start(() => new Promise(() => undefined), { nats: doomed });
    await scene.publish('a:1', 'b:1', 'c:1');
    await vi.waitFor(() => expect(crashed.status().held).toBe(3));
    await doomed.close();
    abandon(crashed);
    scene.runs.length = 0;
    const next = await scene.start(
      (_input, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'interrupted' }))),
    );
    await vi.waitFor(() => expect(scene.runs).toHaveLength(1), { timeout: 10_000 });
    await next.stop({ graceMs: 0 });
    expect([next.status().state, scene.runs.length]).toEqual(['stopped', 1]);
  });
});

describe('the event loop', () => {
  it('gets its turn though a handler gives back at once, as a normaliser does whose lease has run out', async () => {
    const scene = createScene({ idempotency: 'none' });
    let isStopped = false;
    let given = 0;
    await scene.start(() => {
      // The timer has no turn where this goes round and round.
      setTimeout(() => (isStopped = true), 0);
      return isStopped || ++given > 10_000 ? done : { kind: 'interrupted' };
    });
    await scene.publish('a:1');
    await scene.settled();
    expect(given).toBeLessThan(10);
  });
});

describe('a stream that is made anew under a running consumer', () => {
  it('is read from its beginning, though its sequences were seen before', async () => {
    const scene = createScene();
    await scene.start(() => done);
    await scene.publish('a:1', 'a:2');
    await scene.settled();
    await scene.replaceStream();
    await scene.publish('a:3', 'a:4');
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:2', 'a:3', 'a:4']), { timeout: 15_000 });
  });
});
