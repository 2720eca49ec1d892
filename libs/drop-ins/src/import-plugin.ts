import { MeshError } from '@crm-mesh/contract';
import { checkPlugin, type PluginCheck } from './check-plugin.js';
import type { DropIn } from './drop-in.js';
import { importFresh } from './import-fresh.js';

/** Imports and checks a bundled drop-in, in whichever thread it is to run. Never rejects: what is wrong comes as MESH_PLUGIN_INVALID. */
export async function importPlugin(module: string, dropIn: DropIn): Promise<PluginCheck> {
  try {
    return checkPlugin(await importFresh(module), dropIn);
  } catch (error) {
    return { ok: false, error: explainImportError(dropIn, error) };
  }
}

function explainImportError(dropIn: DropIn, error: unknown): MeshError {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const cure = 'Mend what runs when the file is loaded; what needs a connection or configuration belongs in setup().';
  return new MeshError('MESH_PLUGIN_INVALID', `${dropIn.file} throws while it is loaded: ${text}.`, {
    cause: error,
    cure,
  });
}
