import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isPortFree, LEAST_VERSION } from '@crm-mesh/nats-server';
import { CACHE_DIR } from '../mesh/cache-dir.js';
import { findDataDir } from '../mesh/locate-mesh.js';
import { isAlive } from '../mesh/processes.js';
import { readRunFile } from '../mesh/run-file.js';
import { formatBytes } from '../output/format.js';
import { DEFAULT_PORTS } from '../supervisor/default-ports.js';
import { failed, note, ok, type Check, type CheckResult } from './check.js';
import { isAtLeast } from './compare-versions.js';

const LEAST_NODE = '20.19.0';
const LOW_DISK_BYTES = 1_024 ** 3;
const NO_DISK_BYTES = 100 * 1_024 ** 2;
const run = promisify(execFile);

export const checkNode: Check = {
  name: 'Node',
  run: () => {
    const version = process.versions.node;
    if (isAtLeast(version, LEAST_NODE)) return [ok('Node', version)];
    return [failed('Node', `${version} is older than ${LEAST_NODE}`, `Install Node ${LEAST_NODE} or newer.`)];
  },
};

/** Looks only: fetching one is left to `mesh up`. */
export const checkNatsServer: Check = {
  name: 'nats-server',
  run: async ({ env }) => {
    if (env['NATS_URL'] || env['NATS_CONTEXT']) return [ok('nats-server', 'a server of your own is named')];
    for (const program of ['nats-server', join(CACHE_DIR, 'nats-server')]) {
      const version = await readServerVersion(program, env);
      if (version && isAtLeast(version, LEAST_VERSION)) return [ok('nats-server', `${version} (${program})`)];
    }
    return [note('nats-server', `none of ${LEAST_VERSION} or newer is here yet: \`mesh up\` fetches one`)];
  },
};

async function readServerVersion(program: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(program, ['--version'], { env, timeout: 5_000 });
    return /v?(\d+\.\d+\.\d+\S*)/.exec(`${stdout}${stderr}`)?.[1];
  } catch {
    return undefined;
  }
}

export const checkPorts: Check = {
  name: 'ports',
  run: async (context) => {
    const mesh = readRunFile(findDataDir(context));
    if (mesh && isAlive(mesh.pid))
      return [ok('ports', `the mesh of this data folder runs: ${Object.values(mesh.urls).join(', ')}`)];
    const states = await Promise.all(
      Object.entries(DEFAULT_PORTS).map(async ([name, port]) => ({ name, port, free: await isPortFree(port) })),
    );
    const taken = states.filter(({ free }) => !free).map(({ name, port }) => `${port} (${name})`);
    if (taken.length === 0) return [ok('ports', `${states.map(({ port }) => port).join(', ')} are free`)];
    return [note('ports', `taken: ${taken.join(', ')}; \`mesh up\` uses free ones instead and prints them`)];
  },
};

export const checkDataDir: Check = {
  name: 'data folder',
  run: async (context) => {
    const dataDir = findDataDir(context);
    const existing = findExisting(dataDir);
    return [checkWritable(dataDir, existing), await checkDisk(existing)];
  },
};

function checkWritable(dataDir: string, existing: string): CheckResult {
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
    return ok('data folder', existing === dataDir ? `${dataDir} is writable` : `${dataDir} will be made`);
  } catch {
    return failed(
      'data folder',
      `${existing} is not writable`,
      'Give this user the right to write there, or choose another with --data-dir.',
    );
  }
}

async function checkDisk(folder: string): Promise<CheckResult> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const detail = `${formatBytes(free)} free`;
  if (free < NO_DISK_BYTES) return failed('disk', detail, 'Free some space: JetStream stops when the disk is full.');
  return free < LOW_DISK_BYTES ? note('disk', `${detail}: JetStream stops when the disk is full`) : ok('disk', detail);
}

/** The folder, or the nearest one above it that is there. */
export function findExisting(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : findExisting(dirname(folder));
}
