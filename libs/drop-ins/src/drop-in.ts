import type { MeshErrorCode } from '@crm-mesh/contract';

/** What a file's name says that it is: `<name>.plugin.ts` or `<name>.source.ts`. */
export type DropInKind = 'plugin' | 'source';

/** A plugin's or source's file or folder, found but not yet read. */
export interface DropIn {
  kind: DropInKind;
  /** What the file or folder is called, and so what the plugin or source must be called. */
  name: string;
  /** The file that is loaded; absolute. */
  file: string;
  /** Its own folder when it has one. */
  folder?: string;
}

export const INVALID: Readonly<Record<DropInKind, MeshErrorCode>> = {
  plugin: 'MESH_PLUGIN_INVALID',
  source: 'MESH_SOURCE_INVALID',
};
