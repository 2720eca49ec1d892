import { validateConfig } from '@crm-mesh/config';
import { loadMapping } from '@crm-mesh/drop-ins';
import { createAdjust, MappingOverrides, type AdjustRecord } from '@crm-mesh/sources';

/** What a connection maps otherwise than its source; undefined: nothing. Throws a ConfigError or MESH_MAPPING_FILE_INVALID. */
export async function openMapping(
  configured: Record<string, unknown> | undefined,
  { path, cacheFolder }: { path: string; cacheFolder: string },
): Promise<AdjustRecord | undefined> {
  if (configured === undefined) return undefined;
  const overrides = await validateConfig<MappingOverrides>(MappingOverrides, configured, path);
  const own = overrides.file === undefined ? undefined : await loadMapping(overrides.file, { cacheFolder });
  return createAdjust(overrides, own);
}
