import { beforeEach, describe, expect, it } from 'vitest';
import { Lane } from './lane.js';
import type { DeliveryPolicy } from './policy.js';
import { TURN_OF_ALL, TURN_OF_KEY, Turns } from './turns.js';

let nowMs: number;
let woken: string[];
beforeEach(() => {
  nowMs = 0;
  woken = [];
});

function createTurns(limits: Pick<DeliveryPolicy, 'rateLimit' | 'each'>) {
  const turns = new Turns(limits, { now: () => nowMs, wake: (lane) => woken.push(lane.key) > 0 });
  /** How long a lane has to wait; 0: it has begun. */
  const tryOnce = (lane: Lane, key = ''): number => {
    const wait = turns.ask(lane, key);
    if (!wait) turns.begin(key);
    return wait?.ms ?? 0;
  };
  return { turns, tryOnce };
}

const lanes = (count: number): Lane[] => Array.from({ length: count }, (_, i) => new Lane(`lane ${i}`));

describe('turns under a rate', () => {
  it.each([
    // a tenth of the rate at once, at least one; then one by one
    [{ perSecond: 1 }, [0, 1_000, 2_000, 3_000]],
    [{ perSecond: 0.2 }, [0, 5_000, 10_000, 15_000]],
    [{ perSecond: 20 }, [0, 0, 50, 100]],
    [{ perSecond: 3 }, [0, 334, 667, 1_000]],
    [{ perSecond: 1, burst: 3 }, [0, 0, 0, 1_000]],
  ])('%j makes four lanes wait for %j ms', (rateLimit, waits) => {
    const { tryOnce } = createTurns({ rateLimit });
    expect(lanes(4).map((lane) => tryOnce(lane))).toEqual(waits);
  });

  it('come in the order in which they were asked for, at the rate, and none is saved up beyond the burst', () => {
    const { tryOnce } = createTurns({ rateLimit: { perSecond: 2, burst: 2 } });
    const dues = new Map(lanes(6).map((lane) => [lane, tryOnce(lane)]));
    const begun: [string, number][] = [];
    for (nowMs = 0; begun.length < 6; nowMs += 10) {
      for (const [lane, dueMs] of dues) {
        if (dueMs > nowMs) continue;
        const waitMs = dueMs === 0 ? 0 : tryOnce(lane);
        if (waitMs > 0) dues.set(lane, nowMs + waitMs);
        else if (begun.push([lane.key, nowMs])) dues.delete(lane);
      }
    }
    expect(begun.map(([, atMs]) => atMs)).toEqual([0, 0, 500, 1_000, 1_500, 2_000]);
    expect(begun.map(([key]) => key)).toEqual(lanes(6).map(({ key }) => key));
    nowMs += 3_600_000;
    expect(lanes(3).map((lane) => tryOnce(lane))).toEqual([0, 0, 500]);
  });

  it('take nothing for a lane that does not begin after all', () => {
    const { turns, tryOnce } = createTurns({ rateLimit: { perSecond: 1 } });
    const [first, second] = lanes(2) as [Lane, Lane];
    for (let i = 0; i < 9; i++) expect(turns.ask(first, '')).toBeUndefined();
    expect(tryOnce(second)).toBe(0);
  });

  it('survive a clock that is put back', () => {
    const { tryOnce } = createTurns({ rateLimit: { perSecond: 1 } });
    const [first, second] = lanes(2) as [Lane, Lane];
    nowMs = 10_000;
    tryOnce(first);
    nowMs = 0;
    expect(tryOnce(second)).toBe(1_000);
  });

  it('are counted for each key by itself, under the rate of all', () => {
    const { turns } = createTurns({
      rateLimit: { perSecond: 10, burst: 2 },
      each: { by: 'tenant', rateLimit: { perSecond: 1 } },
    });
    const [a, b, c] = lanes(3) as [Lane, Lane, Lane];
    turns.begin('acme');
    expect(turns.ask(a, 'acme')).toEqual({ ms: 1_000, for: TURN_OF_KEY });
    expect(turns.ask(b, 'other')).toBeUndefined();
    turns.begin('other');
    expect(turns.ask(c, 'third')).toEqual({ ms: 100, for: TURN_OF_ALL });
  });
});

describe('turns under a number at once', () => {
  it('are given back to who waits the longest, for the same key', () => {
    const { turns } = createTurns({ each: { by: 'tenant', concurrency: 1 } });
    const [a, b, c] = lanes(3) as [Lane, Lane, Lane];
    expect(turns.ask(a, 'acme')).toBeUndefined();
    const end = turns.begin('acme');
    expect(turns.ask(b, 'acme')).toMatchObject({ for: TURN_OF_KEY });
    expect(turns.ask(c, 'acme')).toMatchObject({ for: TURN_OF_KEY });
    expect(turns.ask(c, 'other')).toBeUndefined();
    end();
    expect(woken).toEqual([b.key]);
    expect(turns.ask(b, 'acme')).toBeUndefined();
  });
});
