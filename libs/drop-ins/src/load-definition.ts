import { basename } from 'node:path';
import { MeshError, type MeshErrorCode } from '@crm-mesh/contract';
import { bundleDropIn } from './bundle-drop-in.js';
import { importFresh } from './import-fresh.js';

/** A kind of file that somebody names, and that nobody watches: a patch, a mapping. */
export interface DefinitionKind<D> {
  /** As errors call it. */
  word: string;
  code: MeshErrorCode;
  /** For a file without one. */
  cure: string;
  is(value: unknown): value is D;
}

export interface LoadedDefinition<D> {
  definition: D;
  /** Over the file and what it imports of its own. */
  hash: string;
}

/** Bundles and imports a file as plugins are. Throws the kind's error. */
export async function loadDefinition<D>(
  file: string,
  kind: DefinitionKind<D>,
  options: { cacheFolder: string },
): Promise<LoadedDefinition<D>> {
  const name = basename(file).replace(/\.[mc]?[jt]s$/, '');
  const bundle = await bundleDropIn({ kind: 'plugin', name, file }, options.cacheFolder);
  // Not its cure: nobody watches this file.
  if (!bundle.ok) throw new MeshError(kind.code, bundle.error.what, { cause: bundle.error });
  const found = await importFresh(bundle.module).catch((error: unknown) => {
    throw new MeshError(kind.code, `${file} throws while it is loaded: ${String(error)}.`, { cause: error });
  });
  const definition = (found as { default?: unknown }).default;
  if (kind.is(definition)) return { definition, hash: bundle.version };
  throw new MeshError(kind.code, `${file} has no ${kind.word} as its default export.`, { cure: kind.cure });
}
