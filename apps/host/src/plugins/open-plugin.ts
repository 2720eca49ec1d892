import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { DropIn } from '@crm-mesh/drop-ins';
import { chooseIsolation, type PluginCode } from '@crm-mesh/plugin-consumer';
import type { DeliveryOptions, DeliveryPreset } from '@crm-mesh/sdk';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import { openInline } from './inline-plugin.js';
import { Places } from './places.js';
import { WorkerPlugin } from './worker/worker-plugin.js';

/** As it was built: a worker runs no TypeScript, not even where the host itself does, as in tests. */
const WORKER_MAIN = join(import.meta.dirname, '../../dist/plugins/worker/worker-main.js');

/** A hundred that load at once would all be so slow that they are taken for blocked. */
const loading = new Places(availableParallelism() + 1);

export interface PluginToOpen {
  dropIn: DropIn;
  /** Of its bundle. */
  module: string;
  /** mesh.yaml's word on how it is delivered to. */
  override: DeliveryOptions | DeliveryPreset;
  log: Logger;
  metrics: Metrics;
}

/**
 * Loads a plugin where it is to run. What the plugin itself says of that is known only when it is loaded, so it is loaded in
 * a worker first: where its top level can do no harm. Throws MESH_PLUGIN_INVALID.
 */
export async function openPlugin(plugin: PluginToOpen): Promise<PluginCode> {
  const { dropIn, module, override, log } = plugin;
  const first = chooseIsolation({}, override);
  if (first.isolation === 'inline') return openInline(module, dropIn, log);
  const worker = await openWorker(plugin, first.heapMb);
  const wanted = chooseIsolation(worker.summary.delivery, override);
  if (wanted.isolation === 'worker' && wanted.heapMb === first.heapMb) return worker;
  await worker.close();
  return wanted.isolation === 'inline' ? openInline(module, dropIn, log) : openWorker(plugin, wanted.heapMb);
}

async function openWorker(plugin: PluginToOpen, heapMb: number): Promise<WorkerPlugin> {
  const { dropIn, log, metrics } = plugin;
  return loading.take(async () => {
    const worker = new WorkerPlugin({ main: WORKER_MAIN, module: plugin.module, dropIn, heapMb, log, metrics });
    try {
      await worker.load();
      return worker;
    } catch (error) {
      await worker.close();
      throw error;
    }
  });
}
