const { env } = process;

/** Decides everything random; scripts/faults.mjs draws one and prints it. */
export const SEED = Number(env['FAULTS_SEED'] ?? 1);
/** How often the random scenarios run, each time on a seed of its own. */
export const ROUNDS = Number(env['FAULTS_ROUNDS'] ?? 1);
/** Random scenarios go on for so long, whatever the rounds. */
export const MINUTES = Number(env['FAULTS_MINUTES'] ?? 0);

/** How to see it again. */
export const REPEAT = `npm run test:faults -- --seed ${SEED}`;
