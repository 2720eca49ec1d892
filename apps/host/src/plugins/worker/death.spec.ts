import { describe, expect, it } from 'vitest';
import { computeRestartMs, countDeaths, describeExit, describeUncaught } from './death.js';

const outOfMemory = Object.assign(new Error('Worker terminated'), { code: 'ERR_WORKER_OUT_OF_MEMORY' });

it.each([
  [describeExit(3), 'exit', /process\.exit\(3\)/],
  [describeUncaught(outOfMemory, 64), 'heap', /more than its 64 MB/],
  [describeUncaught(new TypeError('x is undefined'), 64), 'exception', /TypeError: x is undefined$/],
  [describeUncaught('oops', 64), 'exception', /Error: oops$/],
])('%o', (death, reason, what) => {
  expect(death.reason).toBe(reason);
  expect(death.what).toMatch(what);
});

describe('a worker that keeps dying', () => {
  it.each([
    [1, 250],
    [2, 500],
    [8, 32_000],
    [9, 60_000],
    [2_000, 60_000],
  ])('after %i deaths waits %i ms', (deaths, waitMs) => {
    expect(computeRestartMs(deaths)).toBe(waitMs);
  });

  it.each([
    [0, 5, 1],
    [3, 59_999, 4],
    [3, 60_000, 1],
  ])('had %i deaths, lived %i ms: that makes %i', (before, lifeMs, after) => {
    expect(countDeaths(before, lifeMs)).toBe(after);
  });
});
