import { describe, expect, it } from 'vitest';
import { Knobs } from './knobs.js';
import { cutBatches, nextBurstAtMs, nextDueAtMs, planItems, shuffle, takeDue } from './plan-items.js';
import type { WebhookItem } from './webhook-item.js';

const items = [1, 2, 3].map((eventId) => ({ eventId }) as WebhookItem);
const knobs = (turned: Partial<Knobs>): Knobs => Object.assign(new Knobs(), { batchWaitMs: 100 }, turned);
const ids = (waiting: readonly { item: WebhookItem }[]): number[] => waiting.map(({ item }) => item.eventId);

describe('planItems', () => {
  it.each([
    ['sends each once', {}, [1, 2, 3], 0],
    ['sends each twice', { duplicateRate: 1 }, [1, 1, 2, 2, 3, 3], 0],
    ['loses all', { dropRate: 1 }, [], 3],
    ['spoils a share', { duplicateRate: 0.4, dropRate: 0.15 }, [1, 1, 2], 1],
  ] as const)('%s', (_, turned, sent, dropped) => {
    const draws = [0.2, 0.3, 0.2, 0.5, 0.1];
    const random = (): number => draws.shift() ?? 0.5;
    const plan = planItems(items, { knobs: knobs(turned), random, nowMs: 0 });
    expect(ids(plan.waiting)).toEqual(sent);
    expect(plan.dropped).toBe(dropped);
  });

  it('sends a duplicate later than the first, in another request', () => {
    const { waiting } = planItems(items.slice(0, 1), {
      knobs: knobs({ duplicateRate: 1, delayMs: 1_000 }),
      random: () => 0.5,
      nowMs: 0,
    });
    expect(waiting.map(({ dueAtMs, duplicate }) => ({ dueAtMs, duplicate }))).toEqual([
      { dueAtMs: 1_100, duplicate: false },
      { dueAtMs: 1_700, duplicate: true },
    ]);
    expect(ids(takeDue(waiting, knobs({}), 1_100).due)).toEqual([1]);
    const late = takeDue(waiting, knobs({}), 9_000);
    expect([late.due, late.rest].map(ids)).toEqual([[1], [1]]);
    expect(ids(takeDue(late.rest, knobs({}), 9_000).due)).toEqual([1]);
  });
});

describe('bursts', () => {
  const { waiting } = planItems(items, { knobs: knobs({}), random: () => 0.5, nowMs: 50 });

  it.each([
    ['waits until it is full', 4, 100, []],
    ['goes out when it is full', 3, 100, [1, 2, 3]],
    ['goes out when its first item is too old', 4, 1_050, [1, 2, 3]],
  ])('%s', (_, burstSize, nowMs, sent) => {
    expect(ids(takeDue(waiting, knobs({ burstSize, burstWaitMs: 1_000 }), nowMs).due)).toEqual(sent);
  });

  it('knows when to look again', () => {
    expect(nextBurstAtMs([], knobs({ burstSize: 4 }))).toBeUndefined();
    expect(nextBurstAtMs(waiting, knobs({ burstSize: 4, burstWaitMs: 1_000 }))).toBe(1_050);
    expect(nextDueAtMs([])).toBeUndefined();
    expect(nextDueAtMs(waiting)).toBe(150);
  });
});

describe('shuffle', () => {
  const numbers = Array.from({ length: 100 }, (_, index) => index);
  const draw = (): number => ((seed = (seed * 16_807) % 2_147_483_647) - 1) / 2_147_483_646;
  let seed = 7;

  it('keeps the order, moves a little, or everything', () => {
    const farthest = (disorder: number): number =>
      Math.max(...shuffle(numbers, disorder, draw).map((number, place) => Math.abs(number - place)));
    expect(farthest(0)).toBe(0);
    expect(farthest(0.1)).toBeGreaterThan(0);
    expect(farthest(0.1)).toBeLessThanOrEqual(10);
    expect(farthest(1)).toBeGreaterThan(30);
    expect(shuffle(numbers, 1, draw).toSorted((a, b) => a - b)).toEqual(numbers);
  });
});

it('cutBatches cuts the rest short', () => {
  expect(cutBatches([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(cutBatches([], 2)).toEqual([]);
});
