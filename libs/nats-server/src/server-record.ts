import { execFile } from 'node:child_process';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { MeshError } from '@crm-mesh/contract';

/** Who runs a server on this store; two servers on one store would destroy it. */
export interface ServerRecord {
  pid: number;
  /** The process that started the server. */
  owner: number;
  port: number;
}

const END_TIMEOUT_MS = 30_000;
const POLL_MS = 50;
const run = promisify(execFile);

const locate = (storeDir: string): string => join(storeDir, 'nats-server.json');

export function writeServerRecord(storeDir: string, record: ServerRecord): void {
  const draft = `${locate(storeDir)}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(record));
  renameSync(draft, locate(storeDir));
}

export function clearServerRecord(storeDir: string, pid: number): void {
  try {
    const record = JSON.parse(readFileSync(locate(storeDir), 'utf8')) as ServerRecord;
    if (record.pid === pid) rmSync(locate(storeDir), { force: true });
  } catch {
    // No record: the server ended before it was ready.
  }
}

/** Ends a server whose owner was killed; refuses where the owner lives, for that is another mesh on this store. */
export async function endOrphan(storeDir: string): Promise<void> {
  const text = await readFile(locate(storeDir), 'utf8').catch(() => undefined);
  const record = text === undefined ? undefined : (JSON.parse(text) as ServerRecord);
  if (record === undefined || !(await isServerOf(storeDir, record.pid))) return;
  if (isAlive(record.owner)) {
    const what = `Process ${record.owner} already runs a nats-server (process ${record.pid}, port ${record.port}) on ${storeDir}.`;
    throw new MeshError('MESH_NATS_STORE_BUSY', what);
  }
  process.kill(record.pid, 'SIGTERM');
  await waitForEnd(storeDir, record.pid);
}

async function waitForEnd(storeDir: string, pid: number): Promise<void> {
  const deadline = performance.now() + END_TIMEOUT_MS;
  while (await isServerOf(storeDir, pid)) {
    if (performance.now() > deadline) process.kill(pid, 'SIGKILL');
    await delay(POLL_MS);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether this process is a nats-server that was told this store: the system gives process ids out again. */
async function isServerOf(storeDir: string, pid: number): Promise<boolean> {
  const command = isAlive(pid) ? await readCommandLine(pid) : '';
  return command.includes('nats-server') && command.includes(storeDir);
}

/** Empty for a process that is gone or a zombie. A bare Debian has no `ps`, other systems no `/proc`. */
async function readCommandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const { stdout } = await run('ps', ['-ww', '-p', String(pid), '-o', 'args=']).catch(() => ({ stdout: '' }));
  return stdout;
}
