import type { MeshError } from '@crm-mesh/contract';
import type { Plugin } from '@crm-mesh/sdk';
import { bundleDropIn } from './bundle-drop-in.js';
import type { DropIn } from './drop-in.js';
import { importPlugin } from './import-plugin.js';

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
  return { ...(await importPlugin(bundle.module, dropIn)), version, dropIn, inputs };
}
