import { spawn } from 'node:child_process';

export interface ServerGuard {
  /** The server to end, undefined while none runs. */
  watch(pid: number | undefined): void;
  /** Lets go: nothing is ended or removed any more. */
  release(): void;
}

// Reads process ids until our end of the pipe closes, which it does in whatever way we end.
const SCRIPT = `while read -r line; do
  pid=$line
  [ "$pid" = released ] && exit 0
done
[ -n "$pid" ] && kill -9 "$pid" 2>/dev/null
rm -rf "$1"`;

/** Ends the server and removes its folder when this process is killed before it could do so: a worker that hung, say. */
export function startServerGuard(folder: string): ServerGuard {
  const guard = spawn('sh', ['-c', SCRIPT, 'crm-mesh-test-guard', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();
  return {
    watch: (pid) => void guard.stdin.write(`${pid ?? ''}\n`),
    release: () => void guard.stdin.end('released\n'),
  };
}
