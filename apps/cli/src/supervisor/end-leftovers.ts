import { readRunFile, removeRunFile } from '../mesh/run-file.js';
import { isAlive, readCommandLine, waitForEnd } from '../mesh/processes.js';

const DRAIN_TIMEOUT_MS = 13_000;
const KILL_TIMEOUT_MS = 5_000;

/**
 * Waits for the apps of a mesh whose supervisor was killed: they end by themselves, but two publishers on one database
 * would get in each other's way. (nats-server's own leftovers are ended when it is started.)
 */
export async function endLeftovers(dataDir: string, onProgress: (text: string) => void): Promise<void> {
  const run = readRunFile(dataDir);
  if (run === undefined) return;
  const apps = Object.entries(run.pids).filter(([name, pid]) => isApp(name, pid));
  if (apps.length > 0)
    onProgress(`waiting for what an earlier mesh left behind: ${apps.map(([name]) => name).join(', ')}`);
  await Promise.all(apps.map(([, pid]) => endProcess(pid)));
  removeRunFile(dataDir);
}

/** Process ids are used again by the system: only what runs the app's own file is ended. */
function isApp(name: string, pid: number): boolean {
  return name !== 'nats-server' && isAlive(pid) && readCommandLine(pid).includes(`${name}/dist/main`);
}

/** It is draining already: one more signal would cut that short. */
async function endProcess(pid: number): Promise<void> {
  if (await waitForEnd(pid, DRAIN_TIMEOUT_MS)) return;
  sendSignal(pid, 'SIGKILL');
  await waitForEnd(pid, KILL_TIMEOUT_MS);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between.
  }
}
