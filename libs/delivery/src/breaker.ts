/** How the downstream of a consumer (or of one part of it) is doing; a value, changed by the functions below. */
export type Breaker =
  | { state: 'closed'; failures: number }
  | { state: 'open'; failures: number; untilMs: number }
  /** One probe is under way; what it comes to decides. */
  | { state: 'half-open'; failures: number };

/** So many runs in a row that found the downstream away open the breaker. */
const OPENS_AFTER = 5;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** What a downstream may ask for: a date that it got wrong must not stop a consumer for years. */
const LONGEST_ASKED_MS = 86_400_000;

export const CLOSED: Breaker = { state: 'closed', failures: 0 };

export function recordAvailable(): Breaker {
  return CLOSED;
}

export function recordUnavailable(breaker: Breaker, nowMs: number, retryAfterMs = 0): Breaker {
  const failures = breaker.failures + 1;
  if (failures < OPENS_AFTER) return { state: 'closed', failures };
  const waitMs = Math.min(FIRST_WAIT_MS * 2 ** (failures - OPENS_AFTER), LONGEST_WAIT_MS);
  const askedMs = retryAfterMs > 0 ? Math.min(retryAfterMs, LONGEST_ASKED_MS) : 0;
  return { state: 'open', failures, untilMs: nowMs + Math.max(waitMs, askedMs) };
}

/** Asks to run something: yes (perhaps as the probe), or not before a time. */
export function admit(breaker: Breaker, nowMs: number): { breaker: Breaker; waitMs: number } {
  if (breaker.state === 'closed') return { breaker, waitMs: 0 };
  if (breaker.state === 'half-open') return { breaker, waitMs: FIRST_WAIT_MS };
  if (nowMs < breaker.untilMs) return { breaker, waitMs: breaker.untilMs - nowMs };
  return { breaker: { state: 'half-open', failures: breaker.failures }, waitMs: 0 };
}
