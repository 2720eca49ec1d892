import { describe, expect, it } from 'vitest';
import { computeBackoffMs } from './backoff.js';
import type { Outcome } from './outcome.js';
import { decideSettlement } from './settlement.js';

const error = { name: 'Error', message: 'no' };
const policy = { maxAttempts: 3, backoff: { initialMs: 1_000, maxMs: 5_000, factor: 2 } };
const NO_JITTER = 0.5;

describe('the settlement table', () => {
  const retry = (delayMs: number, spent = true) => ({ kind: 'retry', delayMs, spent, error });
  const ack = { kind: 'ack' };
  const bury = { kind: 'bury', error };

  it.each<[string, Outcome, unknown, unknown]>([
    // outcome                                     attempts left   last attempt
    ['returned', { kind: 'done' }, ack, ack],
    ['RetryLater', { kind: 'retry-later', delayMs: 700, error }, retry(700), bury],
    ['RetryLater with a fraction', { kind: 'retry-later', delayMs: 0.2, error }, retry(1), bury],
    ['RetryLater with nonsense', { kind: 'retry-later', delayMs: Number.NaN, error }, retry(1_000), bury],
    ['RetryLater beyond what a timer takes', { kind: 'retry-later', delayMs: 1e12, error }, retry(2 ** 31 - 1), bury],
    ['any other throw', { kind: 'failed', error }, retry(1_000), bury],
    ['timeout', { kind: 'timeout', error }, retry(1_000), bury],
    ['PermanentError', { kind: 'permanent', error }, bury, bury],
    ['shutdown before the end', { kind: 'interrupted' }, { kind: 'return' }, { kind: 'return' }],
  ])('%s', (_name, outcome, attemptsLeft, lastAttempt) => {
    expect(decideSettlement(outcome, 1, policy, NO_JITTER)).toEqual(attemptsLeft);
    expect(decideSettlement(outcome, 3, policy, NO_JITTER)).toEqual(lastAttempt);
  });

  it('Unavailable spends no attempt, however often', () => {
    const outcome: Outcome = { kind: 'unavailable', error };
    expect(decideSettlement(outcome, 1, policy, NO_JITTER)).toEqual(retry(1_000, false));
    expect(decideSettlement(outcome, 3, policy, NO_JITTER)).toEqual(retry(4_000, false));
    expect(decideSettlement({ ...outcome, retryAfterMs: 90 }, 3, policy, NO_JITTER)).toEqual(retry(90, false));
  });
});

it.each([
  [1, 0.5, 1_000],
  [2, 0.5, 2_000],
  [3, 0.5, 4_000],
  [4, 0.5, 5_000],
  [1, 0, 800],
  [1, 1, 1_200],
  [2_000, 0.5, 5_000],
])('backs off after attempt %i with jitter %d for %i ms', (attempt, random, expected) => {
  expect(computeBackoffMs(policy.backoff, attempt, random)).toBe(expected);
});
