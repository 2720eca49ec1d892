import type { MeshError } from '@crm-mesh/contract';
import { PLUGIN_MARK, type Plugin } from '@crm-mesh/sdk';
import { checkBatching, checkDefinition, checkDelivery, describeProblems } from '@crm-mesh/sdk/running';
import { checkModule } from './check-module.js';
import type { DropIn } from './drop-in.js';

export type PluginCheck = { ok: true; plugin: Plugin } | { ok: false; error: MeshError };

const RULE = { maker: 'definePlugin', mark: PLUGIN_MARK, check: checkDefinition };

/** Whether a loaded module is the plugin that its file name promises; if not, all that is wrong with it. */
export function checkPlugin(module: unknown, dropIn: DropIn): PluginCheck {
  const checked = checkModule(module, dropIn, RULE);
  return checked.ok ? { ok: true, plugin: checked.definition as unknown as Plugin } : checked;
}

/** For delivery options that stand outside a plugin's file: `place` is the file, `path` the key. */
export function refuseDelivery(value: unknown, place: string, path: string): MeshError | undefined {
  const problems = checkDelivery(value, path);
  return problems.length > 0 ? describeProblems(place, problems) : undefined;
}

/** The same for what depends on whether the plugin has `handleBatch`; `delivery` is right in itself. */
export function refuseBatching(
  handlesBatches: boolean,
  delivery: Plugin['delivery'],
  { place, path }: { place: string; path: string },
): MeshError | undefined {
  const problems = checkBatching(handlesBatches, delivery, path);
  return problems.length > 0 ? describeProblems(place, problems) : undefined;
}
