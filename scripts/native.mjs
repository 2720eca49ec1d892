// Makes better-sqlite3 work after `npm install`: tries it, and only if it does not load
// downloads its prebuilt binary or, failing that, compiles it (about 80 s, once).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';

const PACKAGE = 'better-sqlite3';
const require = createRequire(import.meta.url);

function findPackage() {
  try {
    return dirname(require.resolve(`${PACKAGE}/package.json`));
  } catch {
    return undefined; // `npm install --package-lock-only`
  }
}

/** In a process of its own: a failed native load stays cached in the one that tried. */
function loads() {
  const probe = `new (require('${PACKAGE}'))(':memory:').close()`;
  return spawnSync(process.execPath, ['-e', probe], { cwd: import.meta.dirname }).status === 0;
}

/** The running Node's own headers, so that node-gyp need not download them. */
function findHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/node.h')) ? { npm_package_config_node_gyp_nodedir: prefix } : {};
}

/** What it printed, for the case that it fails. */
function build(folder) {
  const bin = [join(folder, 'node_modules/.bin'), join(import.meta.dirname, '../node_modules/.bin'), process.env.PATH];
  const env = { ...process.env, JOBS: 'max', ...findHeaders(), PATH: bin.join(delimiter) };
  const { stdout, stderr } = spawnSync('npm', ['run', 'install'], {
    cwd: folder,
    env,
    encoding: 'utf8',
    maxBuffer: 64 * 1_024 * 1_024,
  });
  return `${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n');
}

const folder = findPackage();
if (folder && !loads()) {
  console.log('crm-mesh: preparing better-sqlite3 for this Node (once; up to two minutes when it must be compiled) …');
  const started = Date.now();
  const output = build(folder);
  if (!loads()) {
    console.error(
      `${output}\n\ncrm-mesh: better-sqlite3 could not be built. It needs python3, make and g++ ` +
        '(Debian: apt-get install python3 make g++). Then run: npm run postinstall',
    );
    process.exit(1);
  }
  console.log(`crm-mesh: better-sqlite3 is ready after ${Math.round((Date.now() - started) / 1000)} s`);
}
