import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 1;
/** Where the system has no /proc to look at: far longer than a SIGSTOP takes. */
const BLIND_WAIT_MS = 50;

/** A SIGSTOP reaches the threads of a process one after the other; for a moment some still answer. */
export async function waitUntilFrozen(pid: number): Promise<void> {
  if (process.platform !== 'linux') return delay(BLIND_WAIT_MS);
  while (!(await areThreadsStopped(pid))) await delay(POLL_MS);
}

async function areThreadsStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8')));
  // `pid (name) state …`, where the name may hold spaces and brackets.
  return states.every((state) => state.slice(state.lastIndexOf(')') + 2).startsWith('T'));
}
