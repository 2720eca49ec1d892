import { createRandom } from './random/random.js';

const { env } = process;

/** Decides everything random; scripts/faults.mjs draws one and prints it. */
export const SEED = Number(env['FAULTS_SEED'] ?? 1);
/** How often the random scenarios run, each time on a seed of its own. */
export const ROUNDS = Number(env['FAULTS_ROUNDS'] ?? 1);
/** Random scenarios go on for so long, whatever the rounds. */
export const MINUTES = Number(env['FAULTS_MINUTES'] ?? 0);

/** What CI runs: fewer random faults, and of failpoints and planted bugs a few that the seed chooses. */
export const IS_SHORT = env['FAULTS_SHORT'] === '1';

/** How to see it again. */
export const REPEAT = `npm run test:faults -- --seed ${SEED}${IS_SHORT ? ' --short' : ''}`;

/** All of them; in the short form `count` of them, in their order. */
export function sample(names: readonly string[], count: number, label: string): string[] {
  if (!IS_SHORT) return [...names];
  const random = createRandom(SEED, label);
  const drawn = names.map((name) => ({ name, lot: random.next() })).toSorted((a, b) => a.lot - b.lot);
  const chosen = new Set(drawn.slice(0, count).map(({ name }) => name));
  return names.filter((name) => chosen.has(name));
}
