import { MeshError } from '@crm-mesh/contract';
import type { Plugin } from '@crm-mesh/sdk';
import { bundleDropIn } from './bundle-drop-in.js';
import { checkPlugin } from './check-plugin.js';
import type { DropIn } from './drop-in.js';
import { importFresh } from './import-fresh.js';

export type LoadedPlugin = {
  dropIn: DropIn;
  /** The files that a change of which is a change of the plugin. */
  inputs: string[];
} & ({ ok: true; plugin: Plugin; version: string } | { ok: false; error: MeshError; version?: string });

/** Bundles, imports and checks a drop-in. Never rejects: what is wrong comes as MESH_PLUGIN_INVALID. */
export async function loadPlugin(dropIn: DropIn, options: { cacheFolder: string }): Promise<LoadedPlugin> {
  const bundle = await bundleDropIn(dropIn, options.cacheFolder);
  const { inputs } = bundle;
  if (!bundle.ok) return { ok: false, error: bundle.error, dropIn, inputs };
  const { version } = bundle;
  try {
    const check = checkPlugin(await importFresh(bundle.module), dropIn);
    return check.ok
      ? { ok: true, plugin: check.plugin, version, dropIn, inputs }
      : { ok: false, error: check.error, version, dropIn, inputs };
  } catch (error) {
    return { ok: false, error: explainImportError(dropIn, error), version, dropIn, inputs };
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
