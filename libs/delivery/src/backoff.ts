import type { Backoff } from './policy.js';

/** Waits are whole milliseconds and at least this long: the server takes a fraction for "at once". */
const SHORTEST_MS = 1;

/** The wait after the given attempt (1 for the first), with ± 20 % jitter from `random` (0 to 1). */
export function computeBackoffMs(backoff: Backoff, attempt: number, random: number): number {
  const plain = Math.min(backoff.initialMs * backoff.factor ** (attempt - 1), backoff.maxMs);
  return Math.max(SHORTEST_MS, Math.round(plain * (0.8 + 0.4 * random)));
}
