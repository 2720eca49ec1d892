import { MeshError } from '@crm-mesh/contract';
import { createLogger } from '@crm-mesh/telemetry';
import { guardProcess } from './guard-process.js';
import { startHost, type RunningHost } from './start-host.js';

/** After an exception that nobody caught, running handlers get this long. */
const FATAL_GRACE_MS = 3_000;

// So that the stack of a plugin's error names the lines that its author wrote.
process.setSourceMapsEnabled(true);
const log = createLogger({ app: 'host' });
let host: RunningHost | undefined;
let stopping = false;

/** The second call does not wait. */
function end(exitCode: number, options: { graceMs?: number; cleanly?: boolean } = {}): void {
  if (stopping || !host) process.exit(exitCode);
  stopping = true;
  host.stop(options).then(
    () => process.exit(exitCode),
    (err: unknown) => {
      log.error({ err }, 'the host could not stop in an orderly way');
      process.exit(1);
    },
  );
}

guardProcess(log, () => end(1, { graceMs: FATAL_GRACE_MS, cleanly: false }));
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(0));

try {
  host = await startHost({ log });
} catch (err) {
  if (err instanceof MeshError)
    log.fatal({ code: err.code, reason: err.what, cure: err.cure }, 'the host cannot start');
  else log.fatal({ err }, 'the host cannot start');
  process.exit(1);
}
