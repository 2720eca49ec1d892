import type { RateLimit } from './policy.js';

/** A rate limit's state: what may begin now, as it was at a time. */
export interface TokenBucket {
  tokens: number;
  atMs: number;
}

/** Sums of fractions miss whole numbers by a little. */
const ALMOST = 1e-6;

export function fullBucket(limit: RateLimit, nowMs: number): TokenBucket {
  return { tokens: burstOf(limit), atMs: nowMs };
}

export function refill(bucket: TokenBucket, limit: RateLimit, nowMs: number): TokenBucket {
  const gained = (Math.max(0, nowMs - bucket.atMs) * limit.perSecond) / 1_000;
  return { tokens: Math.min(burstOf(limit), bucket.tokens + gained), atMs: nowMs };
}

/** How long, in whole milliseconds, until a refilled bucket holds so many; 0: it does. More than it ever holds is counted on. */
export function untilTokensMs({ tokens }: TokenBucket, limit: RateLimit, count: number): number {
  const missing = count - tokens;
  return missing <= ALMOST ? 0 : Math.max(1, Math.ceil((missing * 1_000) / limit.perSecond - ALMOST));
}

export function isFull({ tokens }: TokenBucket, limit: RateLimit): boolean {
  return tokens >= burstOf(limit) - ALMOST;
}

/** In any second at most a tenth more than the rate begins. */
function burstOf({ perSecond, burst }: RateLimit): number {
  return burst ?? Math.max(1, Math.floor(perSecond / 10));
}
