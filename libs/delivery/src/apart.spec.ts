import { describe, expect, it, vi } from 'vitest';
import type { Outcome } from './outcome.js';
import { createScene, done, useServer } from './scene.fixture.js';
import { weighDeath } from './suspicion.js';

useServer();

const killed = (blame: 'alone' | 'shared' | 'none'): Outcome & { kind: 'killed' } => ({
  kind: 'killed',
  blame,
  error: { name: 'WorkerEnded', message: 'it ended' },
});

/** A worker that ends as soon as it is handed what `isKiller` names, and takes with it all that it has in hand. */
function createWorker(isKiller: (id: string) => boolean) {
  const inHand = new Map<string, (outcome: Outcome) => void>();
  const deaths: string[][] = [];
  return {
    deaths,
    handle: (id: string): Promise<Outcome> =>
      new Promise((resolve) => {
        inHand.set(id, resolve);
        setTimeout(() => {
          if (!inHand.has(id)) return;
          if (!isKiller(id)) {
            inHand.delete(id);
            return resolve(done);
          }
          deaths.push([...inHand.keys()]);
          const blame = inHand.size === 1 ? 'alone' : 'shared';
          for (const end of inHand.values()) end(killed(blame));
          inHand.clear();
        }, 5);
      }),
  };
}

describe('after the end of a worker', () => {
  it('what was in hand runs alone; who is alone at three ends is buried, and nobody else', async () => {
    const scene = createScene({ concurrency: 10, maxAttempts: 9 });
    const worker = createWorker((id) => id.includes('killer'));
    const ids = Array.from({ length: 100 }, (_, n) => `r${n}:innocent`);
    ids.splice(30, 0, 'k1:killer');
    ids.splice(60, 0, 'r5:killer', 'r5:after');
    await scene.publish(...ids);
    await scene.start(({ ids: [id] }) => worker.handle(id!));
    await scene.settled();
    const letters = await scene.deadLetters();
    expect(letters.map(({ letter }) => [letter.original.payloadText, letter.error.name]).toSorted()).toEqual([
      ['k1:killer', 'KilledItsWorker'],
      ['r5:killer', 'KilledItsWorker'],
    ]);
    expect(letters[0]?.letter.attemptCount).toBe(3);
    expect(scene.results().filter((result) => result === 'acked')).toHaveLength(101);
    for (const killer of ['k1:killer', 'r5:killer']) {
      expect(worker.deaths.filter((names) => names.join() === killer)).toHaveLength(3);
    }
    // One end in company for each, at most one more for what was on its way to the worker.
    expect(worker.deaths.length).toBeLessThanOrEqual(10);
    const five = scene.ids().filter((id) => id.startsWith('r5:'));
    expect(five.indexOf('r5:after')).toBeGreaterThan(five.lastIndexOf('r5:killer'));
  });

  it('remembers them through a restart', async () => {
    const scene = createScene({ maxAttempts: 9 });
    const worker = createWorker(() => true);
    await scene.publish('a:1');
    for (let life = 1; life <= 2; life++) {
      const consumer = await scene.start(({ ids: [id] }) => worker.handle(id!), {
        spec: { untilReady: () => (worker.deaths.length < life ? undefined : Promise.resolve(false)) },
      });
      await vi.waitFor(() => expect(worker.deaths).toHaveLength(life));
      await consumer.stop();
    }
    await scene.start(({ ids: [id] }) => worker.handle(id!));
    await scene.settled();
    expect(worker.deaths).toHaveLength(3);
    expect((await scene.deadLetters())[0]?.letter).toMatchObject({
      error: { name: 'KilledItsWorker' },
      attemptCount: 3,
    });
  });

  it('runs nothing while the handler is away, and everything when it is back', async () => {
    const scene = createScene();
    let isBack = (_isBack: boolean): void => undefined;
    let away: Promise<boolean> | undefined = new Promise((resolve) => (isBack = resolve));
    await scene.start(() => done, { spec: { untilReady: () => away } });
    await scene.publish('a:1', 'b:1', 'a:2');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(scene.ids()).toEqual([]);
    away = undefined;
    isBack(true);
    await scene.settled();
    expect(scene.ids().toSorted()).toEqual(['a:1', 'a:2', 'b:1']);
  });
});

describe('a lane that has to be asked for', () => {
  it('is told in any order, and still gets its events in theirs', async () => {
    const scene = createScene();
    const answers = new Map<string, (lane: string) => void>();
    await scene.start(() => done, {
      spec: { laneOf: ({ data }) => new Promise((resolve) => answers.set(Buffer.from(data).toString(), resolve)) },
    });
    await scene.publish('a:1', 'b:2', 'c:3');
    await vi.waitFor(() => expect(answers.size).toBe(3));
    for (const id of ['c:3', 'b:2', 'a:1']) answers.get(id)!('one lane');
    await scene.settled();
    expect(scene.ids()).toEqual(['a:1', 'b:2', 'c:3']);
  });
});

describe('whom a death is laid to', () => {
  const attempt = (name: string) => ({ at: '2026-01-01T00:00:00Z', error: { name, message: '' } });
  const alone = attempt('KilledItsWorker');

  it.each<[string, 'alone' | 'shared' | 'none', ReturnType<typeof attempt>[], Outcome['kind']]>([
    ['in company', 'shared', [alone, alone, alone], 'killed'],
    ['known to be innocent', 'none', [alone, alone], 'killed'],
    ['alone for the first time', 'alone', [attempt('Error')], 'retry-later'],
    ['alone for the second time', 'alone', [alone, attempt('Error')], 'retry-later'],
    ['alone for the third time', 'alone', [alone, attempt('Error'), alone], 'permanent'],
  ])('%s', (_, blame, history, kind) => {
    expect(weighDeath(killed(blame), history).kind).toBe(kind);
  });
});
