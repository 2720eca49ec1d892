import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readRunFile, type RunFile } from './mesh/run-file.js';

export const MESH = fileURLToPath(new URL('../bin/mesh.js', import.meta.url));
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const FREE_PORTS = ['publisher', 'host', 'sandbox', 'nats'].flatMap((name) => [`--${name}-port`, '0']);
const START_TIMEOUT_MS = 60_000;

/** A `mesh up` in a process group of its own, as a terminal would run it. */
export interface StartedMesh {
  child: ChildProcess;
  run: RunFile;
  exited: Promise<number | null>;
  output(): string;
}

export async function startMesh(dataDir: string, ...options: string[]): Promise<StartedMesh> {
  const args = [MESH, 'up', '--json', '--no-play', '--data-dir', dataDir, ...FREE_PORTS, ...options];
  const child = spawn(process.execPath, args, { cwd: ROOT, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`mesh up was not ready:\n${output}`)), START_TIMEOUT_MS);
    const keep = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes('"msg":"running"')) resolve();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    void exited
      .then((code) => reject(new Error(`mesh up ended with ${code}:\n${output}`)))
      .finally(() => clearTimeout(timer));
  });
  return { child, run: readRunFile(dataDir)!, exited, output: () => output };
}

/** What a mesh runs: its apps and server, and the guards that watch over them. */
export function listProcesses({ pids }: RunFile): string[] {
  const wanted = new Set(Object.values(pids).map(String));
  const guards = [...wanted].map((pid) => `crm-mesh-guard\0${pid}\0`);
  const isGuard = (line: string): boolean => guards.some((guard) => line.includes(guard));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ pid, line: readProcess(pid, 'cmdline'), state: /\) (\S)/.exec(readProcess(pid, 'stat'))?.[1] }))
    .filter(({ pid, line, state }) => state !== undefined && state !== 'Z' && (wanted.has(pid) || isGuard(line)))
    .map(({ pid, line, state }) => `${pid} ${state} ${line.replaceAll('\0', ' ')}`);
}

function readProcess(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
