import type { Goal } from './bench-case.js';

/** One round: our measurement, the reference's, and the reference's once more (an A/A pair). */
export interface Round {
  ours: number;
  reference: number;
  again: number;
}

export interface Summary {
  /** Median over the rounds of ours / reference. */
  ratio: number;
  /** Median of ours; for `more-at-most` of what ours takes more than the reference. */
  value: number;
  /** By how much two measurements of the same thing differ: median of |again / reference - 1|. */
  noise: number;
  holds: boolean;
  rounds: number;
}

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values, no median');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function summarize(rounds: readonly Round[], goal: Goal): Summary {
  const ratio = median(rounds.map(({ ours, reference }) => ours / reference));
  const more = median(rounds.map(({ ours, reference }) => ours - reference));
  const value = goal.kind === 'more-at-most' ? more : median(rounds.map(({ ours }) => ours));
  const noise = median(rounds.map(({ reference, again }) => Math.abs(again / reference - 1)));
  return { ratio, value, noise, holds: isReached(goal, { ratio, more }), rounds: rounds.length };
}

function isReached({ kind, target }: Goal, { ratio, more }: { ratio: number; more: number }): boolean {
  if (kind === 'ratio-at-least') return ratio >= target;
  return kind === 'ratio-at-most' ? ratio <= target : more <= target;
}
