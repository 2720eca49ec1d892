import type { Urgency } from '@crm-mesh/sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RateLimiter } from './rate-limiter.js';

/** The limiter reads the process's clock: it is held, so that intervals take no time. */
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LIMITS = { requests: 10, intervalMs: 1_000, concurrent: 100 };

/** When each task began, in milliseconds from now, by its name. */
function watch(limiter: RateLimiter) {
  const startedAtMs = performance.now();
  const begun: { name: string; atMs: number }[] = [];
  const ask = (name: string, urgency: Urgency = 'live', cost = 1): Promise<unknown> =>
    limiter.run({ urgency, cost }, () => {
      begun.push({ name, atMs: Math.round(performance.now() - startedAtMs) });
      return Promise.resolve();
    });
  return { begun, ask };
}

describe('the rate limit', () => {
  it('lets so many begin in any stretch of time as long as the interval', async () => {
    const limiter = new RateLimiter(LIMITS);
    const { begun, ask } = watch(limiter);
    const first = Array.from({ length: 5 }, () => ask('early'));
    await vi.advanceTimersByTimeAsync(600);
    const rest = Array.from({ length: 25 }, () => ask('late'));
    await vi.advanceTimersByTimeAsync(5_000);
    await Promise.all([...first, ...rest]);
    for (const { atMs } of begun) {
      const inInterval = begun.filter((other) => other.atMs >= atMs && other.atMs < atMs + LIMITS.intervalMs);
      expect(inInterval.length).toBeLessThanOrEqual(LIMITS.requests);
    }
    expect(begun).toHaveLength(30);
    expect(begun.at(-1)!.atMs).toBeLessThan(2_700);
  });

  it('counts cost, also of what costs more than there ever is', async () => {
    const { begun, ask } = watch(new RateLimiter(LIMITS));
    for (const [name, cost] of [
      ['a', 6],
      ['b', 5],
      ['c', 25],
      ['d', 1],
    ] as const)
      void ask(name, 'live', cost);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(begun.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
    expect(begun.map(({ atMs }) => Math.round(atMs / 100))).toEqual([0, 10, 20, 30]);
  });

  it('costs more than may be under way at once, and runs all the same', async () => {
    const { begun, ask } = watch(new RateLimiter({ ...LIMITS, concurrent: 2 }));
    await ask('dear', 'live', 5);
    expect(begun).toHaveLength(1);
  });

  it('lets so many be under way at once', async () => {
    const limiter = new RateLimiter({ ...LIMITS, concurrent: 3 });
    let underWay = 0;
    let most = 0;
    const asked = Array.from({ length: 9 }, () =>
      limiter.run({ urgency: 'live', cost: 1 }, async () => {
        most = Math.max(most, (underWay += 1));
        await new Promise((resolve) => setTimeout(resolve, 10));
        underWay -= 1;
      }),
    );
    await vi.advanceTimersByTimeAsync(100);
    await Promise.all(asked);
    expect(most).toBe(3);
  });

  it('takes what is left from others, never more than it had itself', async () => {
    const limiter = new RateLimiter(LIMITS);
    const { begun, ask } = watch(limiter);
    limiter.lowerTo(2);
    limiter.lowerTo(8);
    for (let index = 0; index < 4; index++) void ask(String(index));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(begun.map(({ atMs }) => Math.round(atMs / 100))).toEqual([0, 0, 10, 10]);
  });

  it('frees the place of a task that failed', async () => {
    const limiter = new RateLimiter({ ...LIMITS, concurrent: 1 });
    const fail = limiter.run({ urgency: 'live', cost: 1 }, () => Promise.reject(new Error('no')));
    await expect(fail).rejects.toThrow('no');
    await expect(limiter.run({ urgency: 'live', cost: 1 }, () => Promise.resolve(1))).resolves.toBe(1);
  });
});

describe('urgency', () => {
  it('lets a live request overtake 1,000 of a backfill at once', async () => {
    const limiter = new RateLimiter(LIMITS);
    const { begun, ask } = watch(limiter);
    for (let index = 0; index < 1_000; index++) void ask('backfill', 'backfill');
    await vi.advanceTimersByTimeAsync(1_500);
    expect(begun).toHaveLength(18);
    const askedAtMs = 1_500;
    await ask('live');
    expect(begun.at(-1)).toMatchObject({ name: 'live', atMs: askedAtMs });
    expect(limiter.countWaiting()).toEqual({ live: 0, repair: 0, backfill: 982 });
    // Nothing but the limit holds the backfill back.
    await vi.advanceTimersByTimeAsync(120_000);
    expect(begun).toHaveLength(1_001);
  });

  it('lets a live request find a free place while a backfill holds the others', async () => {
    const limiter = new RateLimiter({ ...LIMITS, concurrent: 2 });
    const { begun, ask } = watch(limiter);
    const slow = limiter.run({ urgency: 'backfill', cost: 1 }, () => new Promise((end) => setTimeout(end, 5_000)));
    void ask('second', 'backfill');
    await ask('live');
    expect(begun.map(({ name }) => name)).toEqual(['live']);
    await vi.advanceTimersByTimeAsync(5_000);
    await slow;
    expect(begun.map(({ name }) => name)).toEqual(['live', 'second']);
  });

  it('goes live, repair, backfill, and in each in the order of asking', async () => {
    const limiter = new RateLimiter({ ...LIMITS, concurrent: 1 });
    const { begun, ask } = watch(limiter);
    const first = ask('first');
    for (const urgency of ['backfill', 'repair', 'live'] as const)
      for (const index of [1, 2]) void ask(`${urgency} ${index}`, urgency);
    await first;
    await vi.advanceTimersByTimeAsync(1);
    expect(begun.map(({ name }) => name)).toEqual([
      'first',
      ...['live 1', 'live 2', 'repair 1', 'repair 2', 'backfill 1', 'backfill 2'],
    ]);
  });

  it('lets nothing cheap overtake what is dear and waits', async () => {
    const { begun, ask } = watch(new RateLimiter(LIMITS));
    await ask('first', 'live', 5);
    void ask('dear', 'repair', 8);
    void ask('cheap', 'backfill', 1);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(begun.map(({ name }) => name)).toEqual(['first', 'dear', 'cheap']);
  });
});
