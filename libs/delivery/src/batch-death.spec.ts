import { describe, expect, it } from 'vitest';
import type { DeliveryPolicy } from './policy.js';
import { createScene, done, useServer } from './scene.fixture.js';

useServer();

const batches: Partial<DeliveryPolicy> = { concurrency: 1, batch: { size: 10, waitMs: 100 } };
const death = { name: 'WorkerEnded', message: 'process.exit(1) was called in it' };

describe('what ends its worker in a batch', () => {
  it.each(['all', 'explicit'] as const)('is found alone, and nothing else is blamed (%s)', async (ack) => {
    const scene = createScene({ ...batches, ack });
    await scene.publish('a:1', 'a:2', 'b:1', 'a:3', 'c:1');
    const consumer = await scene.start(({ ids }) =>
      ids.includes('a:2') ? { kind: 'killed', blame: ids.length === 1 ? 'alone' : 'shared', error: death } : done,
    );
    await scene.settled();
    expect(scene.runs[0]?.ids).toHaveLength(5);
    const again = scene.runs.slice(1).map(({ ids }) => ids.join(' '));
    expect(again.every((ids) => !ids.includes(' '))).toBe(true);
    expect(again.filter((id) => id.startsWith('a'))).toEqual(['a:1', 'a:2', 'a:2', 'a:2', 'a:3']);
    expect(consumer.status()).toMatchObject({ state: 'running', acked: 4, buried: 1 });
    const letters = await scene.deadLetters();
    expect(letters.map(({ letter }) => letter.error.name)).toEqual(['KilledItsWorker']);
    await scene.publish('a:4', 'b:2');
    await scene.settled();
    expect(scene.runs.at(-1)?.ids).toEqual(['a:4', 'b:2']);
  });

  it('is not looked for among events that are given at most once', async () => {
    const scene = createScene({ ...batches, ack: 'none' });
    const consumer = await scene.start(({ ids }) =>
      ids.includes('a:1') ? { kind: 'killed', blame: 'shared', error: death } : done,
    );
    await scene.publish('a:1', 'b:1');
    await expect.poll(() => consumer.status()).toMatchObject({ dropped: 2 });
    await scene.publish('b:2');
    await expect.poll(() => consumer.status()).toMatchObject({ state: 'running', dropped: 2, acked: 1 });
    expect(scene.runs.map(({ ids }) => ids.length)).toEqual([2, 1]);
  });

  it('ends a batch that waits for the next worker only when somebody still wants it', async () => {
    const scene = createScene(batches);
    let tell: (isBack: boolean) => void = () => undefined;
    let away: Promise<boolean> | undefined = new Promise((resolve) => (tell = resolve));
    const consumer = await scene.start(() => done, { spec: { untilReady: () => away } });
    await scene.publish('a:1', 'b:1');
    await expect.poll(() => consumer.status().held).toBe(2);
    expect(scene.runs).toEqual([]);
    away = undefined;
    tell(true);
    await scene.settled();
    expect(scene.ids().toSorted()).toEqual(['a:1', 'b:1']);
  });
});

describe('updates that coalesce', () => {
  it.each(['all', 'explicit'] as const)('are left out of the batch (%s)', async (ack) => {
    const scene = createScene({ ...batches, ack, coalesceAfterEvents: 2 });
    await scene.publish('a:1', 'a:2', 'b:1', 'a:3');
    const consumer = await scene.start(() => done);
    await scene.settled();
    expect(scene.runs.map(({ ids }) => ids.toSorted())).toEqual([['a:3', 'b:1']]);
    expect(consumer.status()).toMatchObject({ acked: 2, superseded: 2 });
  });
});
