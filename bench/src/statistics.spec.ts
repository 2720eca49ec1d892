import { describe, expect, it } from 'vitest';
import type { Goal } from './bench-case.js';
import { median, summarize, type Round } from './statistics.js';

describe('median', () => {
  it.each([
    [[3], 3],
    [[2, 1], 1.5],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 100], 10],
  ])('%j → %d', (values, expected) => expect(median(values)).toBe(expected));

  it('is refused where there is nothing', () => expect(() => median([])).toThrow(RangeError));
});

describe('summarize', () => {
  const rounds: Round[] = [
    { ours: 30, reference: 10, again: 11 },
    { ours: 20, reference: 10, again: 9 },
    { ours: 50, reference: 20, again: 20 },
  ];
  const atLeast = (target: number): Goal => ({ kind: 'ratio-at-least', target });
  const atMost = (target: number): Goal => ({ kind: 'ratio-at-most', target });
  const more = (target: number): Goal => ({ kind: 'more-at-most', target });

  it.each([
    [atLeast(2.5), { ratio: 2.5, value: 30, holds: true }],
    [atLeast(2.6), { ratio: 2.5, value: 30, holds: false }],
    [atMost(2.5), { ratio: 2.5, value: 30, holds: true }],
    [atMost(2.4), { ratio: 2.5, value: 30, holds: false }],
    [more(20), { ratio: 2.5, value: 20, holds: true }],
    [more(19), { ratio: 2.5, value: 20, holds: false }],
  ])('%j → %j', (goal, expected) => {
    const summary = summarize(rounds, goal);
    expect(summary).toMatchObject({ ...expected, rounds: 3 });
    expect(summary.noise).toBeCloseTo(0.1);
  });
});
