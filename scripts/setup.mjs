// Makes a fresh clone runnable, with nothing but Node: checks Node, installs, builds. Quick when there is nothing to do.
import { chmod, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInstalled, readJson } from './installed.mjs';
import { showStep } from './progress.mjs';
import { runQuietly } from './run-command.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

// Without our own script, which prepares better-sqlite3: that is done while the build is made. No package needs a script of its own.
const NPM_CI = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/** Undefined when this Node will do, else what is wrong with it and the cure. */
export function checkNode(version, range) {
  const [major, minor] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = range.replace('>=', '').split('.').map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return undefined;
  return `crm-mesh needs Node ${range.replace('>=', '')} or newer; this is ${version}. Install it from https://nodejs.org, or: nvm install 22`;
}

/** `quiet` keeps the steps to itself; a failure is told in any case. */
export async function setUp({ quiet = false } = {}) {
  const show = quiet ? (_label, work) => work(() => undefined) : showStep;
  const { engines } = await readJson(join(ROOT, 'package.json'));
  const wrongNode = checkNode(process.versions.node, engines.node);
  if (wrongNode) fail(wrongNode);
  await keepPrivate(join(ROOT, '.mesh'));
  if (!(await isInstalled(ROOT))) {
    const install = (note) => runQuietly('npm', NPM_CI, { cwd: ROOT, env: forNpm(process.env), onLine: note });
    await show('Installing packages', install).catch((error) =>
      fail('npm ci failed; mend this and start again.', error),
    );
  }
  // Also where nothing was installed: another Node than the one before needs another build of the native module.
  const prepare = (note) =>
    runQuietly(process.execPath, [join(ROOT, 'scripts/native.mjs')], { cwd: ROOT, onLine: note });
  // To compile better-sqlite3 keeps one core busy: the build has another.
  const buildAll = (note) =>
    Promise.all([
      prepare(note).catch((error) => fail('', error)),
      build().catch((error) => fail('The build failed: mend these errors and start again.', error)),
    ]);
  await show('Building', buildAll);
}

/** Quick where nothing has changed; rejects with what the compiler says. */
export function build() {
  return runQuietly(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b'], { cwd: ROOT });
}

/** The demo's data folder: a fetched nats-server may be the first thing in it, and what follows is not for others. */
async function keepPrivate(folder) {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o700);
}

/** `npm --prefix <root> start` tells npms inside of it to look for the machine's npm settings (certificates, proxy) in our root. */
function forNpm({ npm_config_prefix: prefix, npm_config_globalconfig: globalConfig, ...env }) {
  const isOurRoot = prefix !== undefined && resolve(prefix) === resolve(ROOT);
  return isOurRoot ? env : { npm_config_prefix: prefix, npm_config_globalconfig: globalConfig, ...env };
}

/** For people: no stack. */
export function fail(message, error) {
  console.error([error?.message, message].filter(Boolean).join('\n\n'));
  process.exit(1);
}
