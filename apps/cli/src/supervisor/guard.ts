import { spawn } from 'node:child_process';

export interface Guard {
  /** The guarded process has ended in an orderly way, or is about to. */
  dismiss(): void;
}

export interface GuardOptions {
  pid: number;
  /** Sent if the process is still there `delayS` after our end. */
  signal: 'TERM' | 'KILL';
  /** Seconds. */
  delayS: number;
}

// Looks every second, so that a number which the system has given away again in the meantime is left alone.
const SCRIPT = `read -r _; n=0
while kill -0 "$1" && [ "$n" -lt "$2" ]; do sleep 1; n=$((n + 1)); done
[ "$n" -lt "$2" ] || kill "-$3" "$1"`;

/**
 * Ends a process that we leave behind (`kill -9`) and that does not end by itself. A shell that waits on a pipe of ours
 * notices our end, at the cost of a megabyte: the pipe closes with us.
 */
export function startGuard({ pid, signal, delayS }: GuardOptions): Guard {
  const shell = spawn('sh', ['-c', SCRIPT, 'crm-mesh-guard', String(pid), String(delayS), signal], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.on('error', () => undefined);
  shell.stdin?.on('error', () => undefined);
  shell.unref();
  return { dismiss: () => void shell.kill() };
}
