import { validateConfig } from '@crm-mesh/config';
import { loadMapping } from '@crm-mesh/drop-ins';
import { createAdjust, listRuled, type AdjustRecord, type RuledFields } from './adjust-record.js';
import { MappingOverrides } from './overrides-config.js';

/** How a connection maps otherwise, and what its rules read. */
export interface OpenedMapping {
  adjust?: AdjustRecord;
  ruled?: RuledFields;
}

/** What a connection maps otherwise than its source. Throws a ConfigError or MESH_MAPPING_FILE_INVALID. */
export async function openMapping(
  configured: Record<string, unknown> | undefined,
  { path, cacheFolder }: { path: string; cacheFolder: string },
): Promise<OpenedMapping> {
  if (configured === undefined) return {};
  const overrides = await validateConfig<MappingOverrides>(MappingOverrides, configured, path);
  const own = overrides.file === undefined ? undefined : await loadMapping(overrides.file, { cacheFolder });
  return { adjust: createAdjust(overrides, own), ruled: listRuled(overrides) };
}
