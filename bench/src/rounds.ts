import type { Contest, Side } from './bench-case.js';
import type { Round } from './statistics.js';

/** Ours and the reference next to each other, the reference twice; the other way round in every second round. */
const ORDERS: readonly (readonly (keyof Round)[])[] = [
  ['ours', 'reference', 'again'],
  ['again', 'reference', 'ours'],
];

/** Measures `rounds` times, after one measurement of each side that does not count. */
export async function runRounds(
  contest: Pick<Contest, 'measure'>,
  rounds: number,
  onRound: (round: Round, number: number) => void,
): Promise<Round[]> {
  await contest.measure('reference');
  await contest.measure('ours');
  const results: Round[] = [];
  for (let number = 1; number <= rounds; number += 1) {
    const round: Round = { ours: 0, reference: 0, again: 0 };
    for (const slot of ORDERS[number % 2]!) round[slot] = await contest.measure(sideOf(slot));
    results.push(round);
    onRound(round, number);
  }
  return results;
}

/** Ours alone is measured; its reference is part of that. There is no A/A pair, and so no noise. */
export async function runOnce({ measure }: Pick<Contest, 'measure'>): Promise<Round> {
  const ours = await measure('ours');
  const reference = await measure('reference');
  return { ours, reference, again: reference };
}

function sideOf(slot: keyof Round): Side {
  return slot === 'ours' ? 'ours' : 'reference';
}
