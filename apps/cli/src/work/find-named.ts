import { dirname, resolve } from 'node:path';
import { MeshError } from '@crm-mesh/contract';
import { findDropIns, type DropIn, type DropInKind } from '@crm-mesh/drop-ins';

/** The drop-ins of which somebody names the files, or the folders; throws MESH_USAGE for what is none. */
export async function findNamed(cwd: string, files: readonly string[], kind: DropInKind): Promise<DropIn[]> {
  return Promise.all(files.map((file) => findOne(resolve(cwd, file), kind)));
}

async function findOne(path: string, kind: DropInKind): Promise<DropIn> {
  const beside = await findDropIns([dirname(path)], kind);
  const found =
    beside.find((dropIn) => dropIn.file === path || dropIn.folder === path) ?? (await findDropIns([path], kind))[0];
  if (found) return found;
  const cure = `A ${kind} is a file <name>.${kind}.ts, or a folder with an index.${kind}.ts.`;
  throw new MeshError('MESH_USAGE', `${path} is no ${kind}.`, { cure });
}
