import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { MeshError } from '@crm-mesh/contract';
import type { DropInKind } from '@crm-mesh/drop-ins';

/** Throws MESH_USAGE. `reason` says what depends on the name. */
export function checkNewName(name: string, kind: DropInKind, reason: string): void {
  if (/^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) return;
  throw new MeshError('MESH_USAGE', `"${name}" cannot be a ${kind}'s name.`, {
    cure: `Use lower-case letters, digits and dashes, at most 32, a letter first; ${reason}.`,
  });
}

/** All of them or none: throws MESH_USAGE when one is there already. */
export function writeNewFiles(files: Readonly<Record<string, string>>): void {
  for (const file of Object.keys(files)) refuseExisting(file);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { flag: 'wx' });
  }
}

function refuseExisting(file: string): void {
  if (!existsSync(file)) return;
  throw new MeshError('MESH_USAGE', `${file} is there already.`, { cure: 'Choose another name, or remove the file.' });
}
