import { loadConfig, resolveNats } from '@crm-mesh/config';
import { createLogger } from '@crm-mesh/telemetry';
import { startPublisher } from './start-publisher.js';

const { env } = process;
const log = createLogger({ app: 'publisher' });

try {
  const config = loadConfig({ env, cwd: process.cwd(), sections: ['connections'] });
  const port = Number(env['PORT'] || 0);
  const publisher = await startPublisher({
    config,
    nats: resolveNats(config, env),
    host: env['HOST'] || '127.0.0.1',
    port,
    log,
  });
  stopOnSignal(publisher.stop);
} catch (error) {
  log.fatal({ err: error }, error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** The first signal drains, the second ends at once. */
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
