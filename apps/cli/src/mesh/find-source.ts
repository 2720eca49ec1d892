import { join } from 'node:path';
import { suggestName, type LoadedConfig } from '@crm-mesh/config';
import { MeshError } from '@crm-mesh/contract';
import { findDropIns, loadSource, refuseShipped, type DropIn, type LoadedSource } from '@crm-mesh/drop-ins';
import type { Source } from '@crm-mesh/sdk';
import { SHIPPED_SOURCES } from '@crm-mesh/sources';

/** The source that a connection names: one that comes with the mesh, or one of the plugin folders, which is loaded. */
export async function findSource(name: string, config: LoadedConfig): Promise<Source> {
  const shipped = SHIPPED_SOURCES.get(name);
  if (shipped) return shipped;
  const dropIns = await findDropIns(config.pluginFolders, 'source');
  const dropIn = dropIns.find((each) => each.name === name);
  if (dropIn === undefined) throw describeUnknownSource(name, dropIns);
  const loaded = await loadOwnSource(dropIn, config);
  if (!loaded.ok) throw loaded.error;
  return loaded.source;
}

/** As the publisher would load it. */
export async function loadOwnSource(dropIn: DropIn, { dataDir }: LoadedConfig): Promise<LoadedSource> {
  const loaded = await loadSource(dropIn, { cacheFolder: join(dataDir, 'cache', 'sources') });
  if (!loaded.ok || !SHIPPED_SOURCES.has(dropIn.name)) return loaded;
  return { ok: false, error: refuseShipped(dropIn), dropIn, inputs: loaded.inputs };
}

function describeUnknownSource(name: string, dropIns: readonly DropIn[]): MeshError {
  const names = [...SHIPPED_SOURCES.keys(), ...dropIns.map((each) => each.name)];
  const suggestion = suggestName(name, names);
  const cure = suggestion ? `Did you mean "${suggestion}"?` : `Write one of ${names.join(', ')}.`;
  return new MeshError('MESH_CONFIG_INVALID', `mesh.yaml names the source "${name}", which does not exist.`, { cure });
}
