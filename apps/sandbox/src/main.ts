import { createLogger } from '@crm-mesh/telemetry';
import { readSettings } from './settings.js';
import { startSandbox } from './start-sandbox.js';

const log = createLogger({ app: 'sandbox' });

try {
  const sandbox = await startSandbox({ ...readSettings(process.env), log });
  stopOnSignal(sandbox.stop);
} catch (error) {
  log.fatal({ err: error }, error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** The first signal ends what is under way, the second ends at once. */
function stopOnSignal(stop: () => Promise<void>): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, 'stopping');
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
}
