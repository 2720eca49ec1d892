/*
 * Loaded into every child of `mesh up` by `node --import`: ends the child when the supervisor is gone, whatever killed
 * it. The channel between the two closes with either of them, so that no polling and no process id is needed.
 */
import { isMainThread } from 'node:worker_threads';

/** An app that drains takes at most this long. */
const DRAIN_TIMEOUT_MS = 12_000;

if (isMainThread && process.channel) {
  // Nobody reads what is written any more.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  process.once('disconnect', () => {
    setTimeout(() => process.exit(1), DRAIN_TIMEOUT_MS).unref();
    // As an operator would: the app's own way of draining runs.
    process.kill(process.pid, 'SIGTERM');
  });
  // Watching must not keep an app alive that wants to end.
  process.channel.unref();
}
