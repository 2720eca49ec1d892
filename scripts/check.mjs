// What CI checks beside the tests: types, lint, format, borders, dead code. `npm run check -- lint` runs one of them.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const root = join(import.meta.dirname, '..');
const bin = (name) => join(root, 'node_modules/.bin', name);

/** The longest first: as many run at once as there are cores. */
const CHECKS = {
  types: [bin('tsc'), '-p', 'tsconfig.check.json'],
  format: [bin('prettier'), '--check', '--log-level=warn', '.'],
  lint: [bin('oxlint'), '--type-aware', '--tsconfig=tsconfig.check.json', '--max-warnings=0'],
  borders: [bin('depcruise'), '--config', '.dependency-cruiser.cjs', 'apps', 'libs', 'plugins', 'bench'],
  'dead-code': [bin('knip'), '--no-progress'],
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in CHECKS));
if (unknown.length > 0) {
  console.error(`No check is called ${unknown.join(', ')}; there are: ${Object.keys(CHECKS).join(', ')}`);
  process.exit(2);
}

/** Its output is told as a whole: others run beside it. */
async function runCheck(name) {
  const [command, ...args] = CHECKS[name];
  const started = Date.now();
  const env = { ...process.env, FORCE_COLOR: '0' };
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env });
  const ended = new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [status, ...output] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  process.stdout.write(output.join(''));
  console.log(`${status === 0 ? '✓' : '✗'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  return status === 0;
}

const failed = [];
const waiting = Object.keys(CHECKS).filter((name) => wanted.length === 0 || wanted.includes(name));
async function runSome() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
    if (!(await runCheck(name))) failed.push(name);
}
await Promise.all(Array.from({ length: availableParallelism() }, runSome));
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}. To mend the format: npx --no prettier --write .`);
  process.exit(1);
}
