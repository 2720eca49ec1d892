import { PATCH_MARK, type Patch } from '@crm-mesh/sdk';
import { loadDefinition } from './load-definition.js';

export interface LoadedPatch {
  apply: Patch<unknown>['apply'];
  /** Over the file and what it imports of its own. */
  hash: string;
}

/** Bundles and imports a patch file as plugins are. Throws MESH_PATCH_INVALID. */
export async function loadPatch(file: string, options: { cacheFolder: string }): Promise<LoadedPatch> {
  const { definition, hash } = await loadDefinition(file, PATCH, options);
  return { apply: definition.apply, hash };
}

const PATCH = {
  word: 'patch',
  code: 'MESH_PATCH_INVALID',
  cure: "Write: export default definePatch((event) => ({ ...event, … })), with definePatch from '@crm-mesh/sdk'.",
  is: (value: unknown): value is Patch<unknown> =>
    typeof value === 'object' && value !== null && (value as Partial<Patch>)[PATCH_MARK] === true,
} as const;
