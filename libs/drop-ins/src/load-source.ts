import type { MeshError } from '@crm-mesh/contract';
import type { Source } from '@crm-mesh/sdk';
import { bundleDropIn } from './bundle-drop-in.js';
import { checkSource, type SourceCheck } from './check-source.js';
import type { DropIn } from './drop-in.js';
import { explainImportError } from './explain-import.js';
import { importFresh } from './import-fresh.js';

export type LoadedSource = {
  dropIn: DropIn;
  /** The files that a change of which is a change of the source. */
  inputs: string[];
} & ({ ok: true; source: Source; version: string } | { ok: false; error: MeshError; version?: string });

/** Bundles, imports and checks a source's file. Never rejects: what is wrong comes as MESH_SOURCE_INVALID. */
export async function loadSource(dropIn: DropIn, options: { cacheFolder: string }): Promise<LoadedSource> {
  const bundle = await bundleDropIn(dropIn, options.cacheFolder);
  const { inputs } = bundle;
  if (!bundle.ok) return { ok: false, error: bundle.error, dropIn, inputs };
  const { version } = bundle;
  return { ...(await importSource(bundle.module, dropIn)), version, dropIn, inputs };
}

async function importSource(module: string, dropIn: DropIn): Promise<SourceCheck> {
  try {
    return checkSource(await importFresh(module), dropIn);
  } catch (error) {
    return { ok: false, error: explainImportError(dropIn, error) };
  }
}
