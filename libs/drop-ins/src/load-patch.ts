import { basename } from 'node:path';
import { MeshError } from '@crm-mesh/contract';
import { PATCH_MARK, type Patch } from '@crm-mesh/sdk';
import { bundleDropIn } from './bundle-drop-in.js';
import { importFresh } from './import-fresh.js';

export interface LoadedPatch {
  apply: Patch<unknown>['apply'];
  /** Over the file and what it imports of its own. */
  hash: string;
}

/** Bundles and imports a patch file as plugins are. Throws MESH_PATCH_INVALID. */
export async function loadPatch(file: string, options: { cacheFolder: string }): Promise<LoadedPatch> {
  const bundle = await bundleDropIn({ name: basename(file).replace(/\.[mc]?[jt]s$/, ''), file }, options.cacheFolder);
  if (!bundle.ok) {
    // Not its cure: nobody watches this file.
    throw new MeshError('MESH_PATCH_INVALID', bundle.error.what, { cause: bundle.error });
  }
  const found = await importFresh(bundle.module).catch((error: unknown) => {
    throw new MeshError('MESH_PATCH_INVALID', `${file} throws while it is loaded: ${String(error)}.`, { cause: error });
  });
  const patch = (found as { default?: unknown }).default;
  if (isPatch(patch)) return { apply: patch.apply, hash: bundle.version };
  throw new MeshError('MESH_PATCH_INVALID', `${file} has no patch as its default export.`, {
    cure: "Write: export default definePatch((event) => ({ ...event, … })), with definePatch from '@crm-mesh/sdk'.",
  });
}

function isPatch(value: unknown): value is Patch<unknown> {
  return typeof value === 'object' && value !== null && (value as Partial<Patch>)[PATCH_MARK] === true;
}
