import { computeBackoffMs } from './backoff.js';
import type { ErrorInfo, Outcome } from './outcome.js';
import type { DeliveryPolicy } from './policy.js';

/** What becomes of a run's deliveries. */
export type Decision =
  | { kind: 'ack' }
  /** Run again after the wait; `spent`: the attempt counts. */
  | { kind: 'retry'; delayMs: number; spent: boolean; error: ErrorInfo }
  | { kind: 'bury'; error: ErrorInfo }
  /** At most once: it is counted and logged, and that is all. */
  | { kind: 'drop'; error: ErrorInfo }
  /** Back to the server, for another host or the next start. */
  | { kind: 'return' };

/** The settlement table of the design, in one place. `attempt` is 1 for the first run. */
export function decideSettlement(
  outcome: Outcome,
  attempt: number,
  policy: Pick<DeliveryPolicy, 'maxAttempts' | 'backoff'> & Partial<Pick<DeliveryPolicy, 'ack'>>,
  random: number,
): Decision {
  if (policy.ack === 'none' && 'error' in outcome) return { kind: 'drop', error: outcome.error };
  const isLast = attempt >= policy.maxAttempts;
  const backoffMs = () => computeBackoffMs(policy.backoff, attempt, random);
  switch (outcome.kind) {
    case 'done':
      return { kind: 'ack' };
    case 'permanent':
      return { kind: 'bury', error: outcome.error };
    case 'interrupted':
      return { kind: 'return' };
    case 'unavailable':
      return {
        kind: 'retry',
        delayMs: wholeMs(outcome.retryAfterMs) ?? backoffMs(),
        spent: false,
        error: outcome.error,
      };
    case 'killed':
      return { kind: 'retry', delayMs: 0, spent: false, error: outcome.error };
    case 'retry-later':
      if (isLast) return { kind: 'bury', error: outcome.error };
      return { kind: 'retry', delayMs: wholeMs(outcome.delayMs) ?? backoffMs(), spent: true, error: outcome.error };
    case 'failed':
    case 'timeout':
      if (isLast) return { kind: 'bury', error: outcome.error };
      return { kind: 'retry', delayMs: backoffMs(), spent: true, error: outcome.error };
  }
}

/** The longest wait that a timer can take, about 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

function wholeMs(delayMs: number | undefined): number | undefined {
  if (delayMs === undefined || Number.isNaN(delayMs)) return undefined;
  return Math.min(Math.max(1, Math.ceil(delayMs)), LONGEST_MS);
}
