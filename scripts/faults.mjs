// npm run test:faults: sets up as npm test does, and runs the fault suite. `--seed N` repeats a run, `--rounds N` and
// `--minutes N` make the random scenarios longer, `--short` is what CI runs; what else is said goes to vitest.
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fetchNatsServer } from './nats-server.mjs';
import { runInForeground } from './run-command.mjs';
import { fail, ROOT, setUp } from './setup.mjs';

const OPTIONS = {
  seed: { type: 'string' },
  rounds: { type: 'string' },
  minutes: { type: 'string' },
  short: { type: 'boolean' },
};
const LARGEST_SEED = 1_000_000;

/** Ours by name, the rest as it was given. */
function readArguments(args) {
  const { tokens } = parseArgs({ args, options: OPTIONS, strict: false, allowPositionals: true, tokens: true });
  const ours = tokens.filter((token) => token.kind === 'option' && token.name in OPTIONS);
  const standsAlone = ({ name, inlineValue }) => inlineValue || OPTIONS[name].type === 'boolean';
  const taken = new Set(ours.flatMap((token) => (standsAlone(token) ? [token.index] : [token.index, token.index + 1])));
  for (const { name, value } of ours) {
    if (OPTIONS[name].type === 'string' && !/^\d+$/.test(value ?? ''))
      fail(`--${name} needs a whole number, as in --${name} 3`);
  }
  return {
    wanted: Object.fromEntries(ours.map(({ name, value }) => [name, value ?? true])),
    rest: args.filter((_argument, index) => !taken.has(index)),
  };
}

const { wanted, rest } = readArguments(process.argv.slice(2));
await setUp();
await fetchNatsServer();
const { seed = String(randomInt(1, LARGEST_SEED)), rounds = '1', minutes = '0', short = false } = wanted;
console.log(`Seed ${seed}; to repeat: npm run test:faults -- --seed ${seed}${short ? ' --short' : ''}`);
const settings = { FAULTS_SEED: seed, FAULTS_ROUNDS: rounds, FAULTS_MINUTES: minutes, FAULTS_SHORT: short ? '1' : '0' };
Object.assign(process.env, settings);
const reporters = ['--reporter=default', `--reporter=${join(ROOT, 'scripts/count-reporter.mjs')}`];
const args = ['run', '--config', join(ROOT, 'test/faults/vitest.config.ts'), ...reporters, ...rest];
process.exitCode = await runInForeground(join(ROOT, 'node_modules/vitest/vitest.mjs'), args, { cwd: ROOT });
