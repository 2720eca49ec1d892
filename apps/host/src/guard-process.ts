import type { Logger } from '@crm-mesh/telemetry';
import { findCulprit } from './plugins/attribution.js';

/**
 * A promise that a plugin forgot must not take the others down: it is logged, with the plugin's name. An exception that
 * nobody caught leaves the process in no known state: it is logged, and `onFatal` ends it.
 */
export function guardProcess(log: Logger, onFatal: () => void): void {
  process.on('unhandledRejection', (reason) => {
    const plugin = findCulprit(reason);
    const err = reason instanceof Error ? reason : new Error(String(reason));
    const cure = plugin ? `Await every promise in "${plugin}", or catch what it rejects with.` : undefined;
    log.error({ plugin, err, cure }, 'a promise was rejected and nobody handled it');
  });
  process.on('uncaughtException', (err) => {
    log.fatal({ plugin: findCulprit(err), err }, 'an exception that nobody caught: the host stops');
    onFatal();
  });
}
