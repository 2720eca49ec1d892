import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';
import { isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { DropInKind } from './drop-in.js';

const HERE = dirname(fileURLToPath(import.meta.url));
/** The app and its drop-ins must share one copy: of the sdk, of Nest's heart, and of what keeps the decorators' metadata. */
const SHARED =
  /^(?:@crm-mesh\/sdk(?:\/.*)?|@nestjs\/(?:common|core)(?:\/.*)?|class-validator|class-transformer|reflect-metadata)$/;
const OURS = /^@crm-mesh\//;
export const TYPESCRIPT = /\.[mc]?tsx?$/;
/** Marks our own questions to esbuild's resolver, so that they do not come back to us. */
const ASKED_BY_US = Symbol('asked by us');

/**
 * Leaves packages out of the bundle, but names each by its absolute address: the bundle lies elsewhere, where a bare name
 * would not be found. Looked up from the drop-in's own folder first, then from ours.
 */
export function resolveImports(kind: DropInKind): Plugin {
  return {
    name: 'resolve-imports',
    setup(build) {
      build.onResolve({ filter: /^[^./#]/ }, (args) => resolveImport(build, args, kind));
    },
  };
}

async function resolveImport(
  build: PluginBuild,
  args: OnResolveArgs,
  kind: DropInKind,
): Promise<OnResolveResult | undefined> {
  if (args.kind === 'entry-point' || args.pluginData === ASKED_BY_US) return undefined;
  if (isBuiltin(args.path)) return { path: args.path, external: true };
  const isShared = SHARED.test(args.path);
  if (OURS.test(args.path) && !isShared) {
    const subject = kind === 'plugin' ? 'Plugins' : 'Sources';
    return { errors: [{ text: `${subject} import "@crm-mesh/sdk" only, not "${args.path}".` }] };
  }
  for (const resolveDir of isShared ? [HERE] : [args.resolveDir, HERE]) {
    const found = await build.resolve(args.path, {
      kind: args.kind,
      resolveDir,
      importer: args.importer,
      pluginData: ASKED_BY_US,
    });
    if (found.errors.length > 0) continue;
    // Node loads no TypeScript: a linked package that is TypeScript counts as the drop-in's own files.
    if (TYPESCRIPT.test(found.path)) return { path: found.path };
    return { path: pathToFileURL(found.path).href, external: true, sideEffects: found.sideEffects };
  }
  return { errors: [{ text: `Cannot find the package "${args.path}".` }] };
}
