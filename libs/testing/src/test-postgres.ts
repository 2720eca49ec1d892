import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { promisify } from 'node:util';
import { findFreePort } from '@crm-mesh/nats-server';
import { findPostgresBinaries } from './postgres-binaries.js';
import { startServerGuard } from './server-guard.js';
import { makeTempDir } from './temp-dir.js';

const run = promisify(execFile);

/** A real PostgreSQL of one test file, up in about a second. Stop it in `afterAll`. */
export interface TestPostgres {
  /** The address under which everything happens in this schema, which has to be made first. */
  urlOf(schema: string): string;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const INITDB = ['-U', 'mesh', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
const SETTINGS = ['listen_addresses=127.0.0.1', 'unix_socket_directories='];
/** Nobody pulls the plug on a test: no waiting for a disk. */
const UNSYNCED = ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off'];
const READY = 'database system is ready to accept connections';

export interface TestPostgresOptions {
  /** Commits are on the disk, as by its defaults. Default: they are not. */
  syncs?: boolean;
}

/** Rejects where PostgreSQL can neither be found nor fetched. */
export async function startTestPostgres({ syncs = false }: TestPostgresOptions = {}): Promise<TestPostgres> {
  const cached = await findPostgresBinaries();
  const temp = makeTempDir('postgres');
  const data = join(temp.path, 'data');
  await mkdir(data, { mode: 0o700 });
  const user = await findOtherUser();
  // Who may not look into the cache, or into what lies above it, gets a copy.
  const binaries = user ? join(temp.path, 'native') : cached;
  if (user) {
    await cp(cached, binaries, { recursive: true, verbatimSymlinks: true });
    await chmod(temp.path, 0o755);
    await chown(data, user.uid, user.gid);
  }
  const start = { ...user, cwd: data };
  await run(join(binaries, 'bin/initdb'), ['-D', data, ...INITDB], start);
  const port = await findFreePort();
  const settings = [...SETTINGS, ...(syncs ? [] : UNSYNCED)].flatMap((setting) => ['-c', setting]);
  const server = spawn(join(binaries, 'bin/postgres'), ['-D', data, '-p', String(port), ...settings], {
    ...start,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const guard = startServerGuard(temp.path);
  guard.watch(server.pid);
  await untilReady(server);
  return {
    urlOf: (schema) => `postgres://mesh@127.0.0.1:${port}/postgres?options=-c%20search_path%3D${schema}`,
    stop: async () => {
      const ended = once(server, 'exit');
      // At once: nothing of it is needed any more.
      server.kill('SIGQUIT');
      await ended;
      guard.release();
      temp.remove();
    },
  };
}

/** PostgreSQL refuses to run as root. */
async function findOtherUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (getuid?.() !== 0) return undefined;
  const ask = async (what: '-u' | '-g') => Number((await run('id', [what, 'nobody'])).stdout);
  return { uid: await ask('-u'), gid: await ask('-g') };
}

async function untilReady(server: ChildProcess): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    server.stderr!.on('data', (data: Buffer) => {
      if (said.includes(READY)) return;
      said += data.toString();
      if (said.includes(READY)) resolve();
    });
    server.once('exit', (code) => reject(new Error(`postgres ended with ${code}: ${said.trim()}`)));
    server.once('error', reject);
  });
}
