import { checkPlugin, type PluginCheck } from './check-plugin.js';
import type { DropIn } from './drop-in.js';
import { explainImportError } from './explain-import.js';
import { importFresh } from './import-fresh.js';

/** Imports and checks a bundled drop-in, in whichever thread it is to run. Never rejects: what is wrong comes as MESH_PLUGIN_INVALID. */
export async function importPlugin(module: string, dropIn: DropIn): Promise<PluginCheck> {
  try {
    return checkPlugin(await importFresh(module), dropIn);
  } catch (error) {
    return { ok: false, error: explainImportError(dropIn, error) };
  }
}
