import type { PartResult } from './batches.js';
import type { Held } from './lane.js';
import { keepAttempts, type ErrorInfo, type Outcome } from './outcome.js';
import type { DeliveryPolicy } from './policy.js';
import { decideSettlement } from './settlement.js';
import { weighDeath } from './suspicion.js';

/** What becomes of messages that ran together: each by its own attempts. */
export type Verdict =
  | { kind: 'ack'; done: readonly Held[] }
  | { kind: 'return' }
  /** One of them may have failed all the others. */
  | { kind: 'one-by-one' }
  | { kind: 'drop'; dropped: readonly Held[]; error: ErrorInfo }
  | Mixed;

export interface Mixed {
  kind: 'mixed';
  buried: Held[];
  retried: Held[];
  error: ErrorInfo;
  delayMs: number;
  spent: boolean;
}

type Policy = Pick<DeliveryPolicy, 'ack' | 'maxAttempts' | 'backoff' | 'batch'>;

/** What a lane's run came to, step by step, the oldest first. */
export function judgeRun(
  todo: readonly Held[],
  { outcome, together }: PartResult,
  policy: Policy,
  random = Math.random(),
): Verdict[] {
  if (outcome.kind !== 'partly') return [judgeAll(todo, outcome, { policy, together, random })];
  const failures = new Map(outcome.failed.map((failure) => [failure.index, failure.outcome]));
  const verdicts: Verdict[] = [];
  for (const [index, held] of todo.entries()) {
    const own = failures.get(index) ?? { kind: 'done' };
    const verdict = judgeAll([held], own, { policy, together: 1, random });
    verdicts.push(verdict);
    // What is newer of the record runs again behind it, also what is done: so its order holds.
    if (verdict.kind === 'mixed' && verdict.retried.length > 0) break;
  }
  return verdicts;
}

function judgeAll(
  todo: readonly Held[],
  outcome: Outcome,
  { policy, together, random }: { policy: Policy; together: number; random: number },
): Verdict {
  const verdict: Mixed = {
    ...{ kind: 'mixed', buried: [], retried: [], delayMs: 0, spent: true },
    error: { name: 'Error', message: '' },
  };
  for (const held of todo) {
    const weighed = outcome.kind === 'killed' ? weighDeath(outcome, held.history) : outcome;
    const decision = decideSettlement(weighed, held.attempts + 1, policy, random);
    if (decision.kind === 'ack') return { kind: 'ack', done: todo };
    if (decision.kind === 'return') return decision;
    if (decision.kind === 'drop') return { kind: 'drop', dropped: todo, error: decision.error };
    verdict.error = decision.error;
    if (decision.kind === 'bury') verdict.buried.push(held);
    else {
      // The oldest one's wait: it has had the most attempts.
      if (verdict.retried.length === 0) ({ delayMs: verdict.delayMs, spent: verdict.spent } = decision);
      verdict.retried.push(held);
    }
  }
  // One of them has ended what ran them: which, they tell one by one.
  if (outcome.kind === 'killed' && outcome.blame === 'shared' && verdict.retried.length > 1)
    return { kind: 'one-by-one' };
  // Nothing is buried for what may be the failure of another.
  const isBlamedTogether = outcome.kind === 'permanent' || policy.batch !== undefined;
  return together > 1 && verdict.buried.length > 0 && isBlamedTogether ? { kind: 'one-by-one' } : verdict;
}

/** Whether something of it runs another time. */
export function runsAgain(verdict: Verdict): boolean {
  return verdict.kind === 'one-by-one' || (verdict.kind === 'mixed' && verdict.retried.length > 0);
}

export function noteFailure({ buried, retried, error, spent }: Mixed, at: string): void {
  for (const held of spent ? [...buried, ...retried] : buried) {
    held.attempts++;
    held.history = keepAttempts([...held.history, { at, error }]);
  }
}
