import { EXIT } from '../exit-code.js';

/** `mesh doctor | head -1`: nobody reads any more. Ends quietly, as other programs do, and lets `up` stop its mesh first. */
export function endOnClosedPipe(): void {
  let ended = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
    if (ended) return;
    ended = true;
    // Whoever has something to put away listens to this signal.
    if (process.listenerCount('SIGTERM') > 0) process.kill(process.pid, 'SIGTERM');
    else process.exit(process.exitCode ?? EXIT.ok);
  });
  process.stderr.on('error', () => undefined);
}
