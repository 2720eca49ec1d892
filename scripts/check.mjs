// What CI checks beside the tests: types, lint, format, borders, dead code. `npm run check -- lint` runs one of them.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = (name) => join(root, 'node_modules/.bin', name);

const CHECKS = {
  types: [bin('tsc'), '-p', 'tsconfig.check.json'],
  lint: [bin('oxlint'), '--type-aware', '--tsconfig=tsconfig.check.json', '--max-warnings=0'],
  format: [bin('prettier'), '--check', '--log-level=warn', '.'],
  borders: [bin('depcruise'), '--config', '.dependency-cruiser.cjs', 'apps', 'libs', 'plugins', 'bench'],
  'dead-code': [bin('knip'), '--no-progress'],
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in CHECKS));
if (unknown.length > 0) {
  console.error(`No check is called ${unknown.join(', ')}; there are: ${Object.keys(CHECKS).join(', ')}`);
  process.exit(2);
}

const failed = [];
for (const [name, [command, ...args]] of Object.entries(CHECKS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const started = Date.now();
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  console.log(`${status === 0 ? '✓' : '✗'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}. To mend the format: npx --no prettier --write .`);
  process.exit(1);
}
