import { MeshError } from '@crm-mesh/contract';
import { INVALID, type DropIn, type DropInKind } from './drop-in.js';

/** Where what must not run while the file is loaded belongs. */
const PLACES: Readonly<Record<DropInKind, string>> = { plugin: 'setup()', source: 'the functions of the source' };

/** For what a drop-in throws while it is imported. */
export function explainImportError(dropIn: DropIn, error: unknown): MeshError {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const place = PLACES[dropIn.kind];
  const cure = `Mend what runs when the file is loaded; what needs a connection or configuration belongs in ${place}.`;
  return new MeshError(INVALID[dropIn.kind], `${dropIn.file} throws while it is loaded: ${text}.`, {
    cause: error,
    cure,
  });
}
