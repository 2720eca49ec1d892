import { describe, expect, it } from 'vitest';
import { admit, CLOSED, recordAvailable, recordUnavailable, type Breaker } from './breaker.js';

function fail(times: number, atMs = 0): Breaker {
  let breaker = CLOSED;
  for (let i = 0; i < times; i++) breaker = recordUnavailable(breaker, atMs);
  return breaker;
}

describe('the breaker', () => {
  it('stays closed for some failures, and forgets them at a success', () => {
    expect(fail(4)).toEqual({ state: 'closed', failures: 4 });
    expect(admit(fail(4), 0).waitMs).toBe(0);
    expect(recordAvailable()).toEqual(CLOSED);
  });

  it('opens at the fifth in a row, and waits longer each time, up to a minute', () => {
    expect(fail(5)).toEqual({ state: 'open', failures: 5, untilMs: 1_000 });
    expect(fail(7)).toMatchObject({ untilMs: 4_000 });
    expect(fail(30)).toMatchObject({ untilMs: 60_000 });
    expect(recordUnavailable(fail(4), 0, 30_000)).toMatchObject({ untilMs: 30_000 });
  });

  it.each([
    [30_000.5, 30_000.5],
    [1, 1_000],
    [Number.NaN, 1_000],
    [-5, 1_000],
    [Infinity, 86_400_000],
  ])('asked to wait for %d ms, it waits for %d', (retryAfterMs, untilMs) => {
    expect(recordUnavailable(fail(4), 0, retryAfterMs)).toMatchObject({ untilMs });
  });

  it('lets one probe through when the wait is over, and only one', () => {
    const open = fail(5);
    expect(admit(open, 400)).toEqual({ breaker: open, waitMs: 600 });
    const probing = admit(open, 1_000);
    expect(probing).toEqual({ breaker: { state: 'half-open', failures: 5 }, waitMs: 0 });
    expect(admit(probing.breaker, 1_000).waitMs).toBeGreaterThan(0);
    expect(recordUnavailable(probing.breaker, 1_000)).toEqual({ state: 'open', failures: 6, untilMs: 3_000 });
  });
});
