import { MAPPING_MARK, type Mapping } from '@crm-mesh/sdk';
import { loadDefinition } from './load-definition.js';

/** Bundles and imports a mapping file as plugins are. Throws MESH_MAPPING_FILE_INVALID. */
export async function loadMapping(file: string, options: { cacheFolder: string }): Promise<Mapping> {
  return (await loadDefinition(file, MAPPING, options)).definition;
}

const MAPPING = {
  word: 'mapping',
  code: 'MESH_MAPPING_FILE_INVALID',
  cure: "Write: export default defineMapping(({ record }) => ({ ...record, … })), with defineMapping from '@crm-mesh/sdk'.",
  is: (value: unknown): value is Mapping =>
    typeof value === 'object' && value !== null && (value as Partial<Mapping>)[MAPPING_MARK] === true,
} as const;
