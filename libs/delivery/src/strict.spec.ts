import { describe, expect, it, vi } from 'vitest';
import { faultyStore } from './faulty-parts.fixture.js';
import { ensureDirectDurable, redrive } from './redrive.js';
import { createScene, done, error, nats, store, useServer } from './scene.fixture.js';

useServer();

const permanent = { kind: 'permanent', error } as const;

/** A consumer whose handler refuses what is in `poison`. */
async function startStrict(poison: Set<string>, scene = createScene({ order: 'strict', maxAttempts: 1 })) {
  const consumer = await scene.start(({ ids: [id] }) => (poison.has(id!) ? permanent : done));
  return { scene, consumer };
}

async function findLetter(scene: ReturnType<typeof createScene>): Promise<number> {
  const [letter] = await vi.waitFor(async () => {
    const letters = await scene.deadLetters();
    expect(letters.length).toBe(1);
    return letters;
  });
  return letter!.sequence;
}

const WAIT = { timeout: 15_000 };

describe('a lane in strict order', () => {
  it('waits behind a dead letter, in the store, while the others go on', async () => {
    const { scene, consumer } = await startStrict(new Set(['a:2']));
    await scene.publish('a:1', 'a:2', 'a:3', 'b:1');
    await scene.settled();
    await scene.publish('a:4', 'b:2');
    await scene.settled();
    expect(scene.ids().filter((id) => id.startsWith('a'))).toEqual(['a:1', 'a:2']);
    expect(scene.ids().filter((id) => id.startsWith('b'))).toEqual(['b:1', 'b:2']);
    await vi.waitFor(() =>
      expect(consumer.status()).toMatchObject({ held: 0, heldLanes: 1, parkedLanes: 1, parkedMessages: 2 }),
    );
  });

  it('runs what is redriven first, and then what waited', async () => {
    const poison = new Set(['a:1']);
    const { scene, consumer } = await startStrict(poison);
    await scene.publish('a:1', 'a:2', 'a:3');
    const sequence = await findLetter(scene);
    await scene.settled();
    poison.clear();
    await consumer.redrive({ sequences: [sequence], by: 'ann' });
    await scene.publish('a:4');
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:1', 'a:2', 'a:3', 'a:4']), WAIT);
    await vi.waitFor(() =>
      expect(consumer.status()).toMatchObject({ heldLanes: 0, parkedLanes: 0, parkedMessages: 0 }),
    );
    await vi.waitFor(async () =>
      expect(await nats.durableState('CRM_DIRECT', scene.name)).toMatchObject({ pending: 0, ackPending: 0 }),
    );
    expect(scene.ids().length).toBe(5);
  });

  it('goes on without what was dropped, by whomever', async () => {
    const { scene, consumer } = await startStrict(new Set(['a:1']));
    await scene.publish('a:1', 'a:2');
    await nats.deleteMessage('CRM_DEAD', await findLetter(scene));
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:2']), WAIT);
    await vi.waitFor(() => expect(consumer.status()).toMatchObject({ heldLanes: 0, parkedLanes: 0 }));
    expect(await store.read('SELECT * FROM delivery_holds')).toEqual([]);
  });

  it('is held again, by the new letter, when what was redriven fails again', async () => {
    const poison = new Set(['a:1']);
    const { scene, consumer } = await startStrict(poison);
    await scene.publish('a:1', 'a:2');
    const first = await findLetter(scene);
    await scene.settled();
    await consumer.redrive({ sequences: [first], by: 'ann' });
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:1']), WAIT);
    const second = await findLetter(scene);
    expect(second).toBeGreaterThan(first);
    await vi.waitFor(() => expect(consumer.status()).toMatchObject({ heldLanes: 1, parkedMessages: 1 }));
    poison.clear();
    await consumer.redrive({ sequences: [second], by: 'ann' });
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:1', 'a:1', 'a:2']), WAIT);
  });

  it('is held when an event is buried out of the store, in its place', async () => {
    const scene = createScene({ order: 'strict', maxAttempts: 2, parkAfterMs: 10 });
    let mended = false;
    const consumer = await scene.start(({ ids: [id] }) =>
      id === 'a:1' && !mended ? { kind: 'retry-later', delayMs: 100, error } : done,
    );
    await scene.publish('a:1', 'a:2');
    const sequence = await findLetter(scene);
    await scene.publish('a:3');
    await scene.settled();
    mended = true;
    await consumer.redrive({ sequences: [sequence], by: 'ann' });
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:1', 'a:1', 'a:2', 'a:3']), WAIT);
  });

  it('may be of many records: one failing record holds its company', async () => {
    const scene = createScene({ order: 'strict', maxAttempts: 1 });
    const consumer = await scene.start(({ ids: [id] }) => (id === 'a:1' ? permanent : done), {
      spec: { laneOf: () => 'one company' },
    });
    await scene.publish('a:1', 'b:1');
    await vi.waitFor(() => expect(consumer.status().heldLanes).toBe(1));
    await scene.settled();
    expect(scene.ids()).toEqual(['a:1']);
    await nats.deleteMessage('CRM_DEAD', await findLetter(scene));
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'b:1']), WAIT);
  });
});

describe('a held lane at the next start', () => {
  it('is still held', async () => {
    const poison = new Set(['a:1']);
    const { scene, consumer } = await startStrict(poison);
    await scene.publish('a:1', 'a:2');
    const sequence = await findLetter(scene);
    await scene.settled();
    await consumer.stop();
    await scene.publish('a:3');
    const { consumer: next } = await startStrict(poison, scene);
    await scene.settled();
    expect(next.status()).toMatchObject({ heldLanes: 1, parkedMessages: 2 });
    poison.clear();
    await next.redrive({ sequences: [sequence], by: 'ann' });
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:1', 'a:2', 'a:3']), WAIT);
  });

  it('runs first what was redriven while nobody was there', async () => {
    const poison = new Set(['a:1']);
    const { scene, consumer } = await startStrict(poison);
    await scene.publish('a:1', 'a:2');
    const sequence = await findLetter(scene);
    await scene.settled();
    await consumer.stop();
    poison.clear();
    const { name } = scene;
    await ensureDirectDurable(nats, { name, description: 'd', ackWaitMs: 1_000, maxAckPending: 100, metadata: {} });
    await redrive(nats, { consumer: name, sequences: [sequence], by: 'ann' }, Date.now());
    await scene.publish('a:3');
    await startStrict(poison, scene);
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:1', 'a:2', 'a:3']), WAIT);
    await scene.settled();
    expect(scene.ids().length).toBe(4);
  });

  it('goes on when its letter was dropped meanwhile', async () => {
    const poison = new Set(['a:1']);
    const { scene, consumer } = await startStrict(poison);
    await scene.publish('a:1', 'a:2');
    const sequence = await findLetter(scene);
    await scene.settled();
    await consumer.stop();
    await nats.deleteMessage('CRM_DEAD', sequence);
    await startStrict(poison, scene);
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:2']), WAIT);
  });

  it('is not held when the plugin is not strict any more', async () => {
    const { scene, consumer } = await startStrict(new Set(['a:1']));
    await scene.publish('a:1', 'a:2');
    await findLetter(scene);
    await scene.settled();
    await consumer.stop();
    const next = await scene.start(() => done, { spec: { policy: { ...scene.policy, order: 'record' } } });
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:2']), WAIT);
    expect(next.status().heldLanes).toBe(0);
  });

  it('does not run again what was buried, though the end came before that was written down', async () => {
    const scene = createScene({ order: 'strict', maxAttempts: 1 });
    let isAway = false;
    const consumer = await scene.start(() => permanent, {
      store: faultyStore(store, async () => {
        const holds = await store.read('SELECT * FROM delivery_holds');
        isAway ||= holds.length > 0;
        if (isAway) throw new Error('the store is away');
      }),
    });
    await scene.publish('a:1', 'a:2');
    await vi.waitFor(() => expect(isAway).toBe(true));
    await consumer.stop({ graceMs: 0 });
    expect(await store.read('SELECT * FROM delivery_inbox')).toEqual([]);
    const next = await scene.start(() => done);
    await scene.settled();
    expect(next.status()).toMatchObject({ heldLanes: 1, parkedMessages: 1, skipped: 1 });
    expect(scene.ids()).toEqual(['a:1']);
  });
});
