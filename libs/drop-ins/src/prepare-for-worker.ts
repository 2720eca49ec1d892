import { build as runBuild, type Plugin } from 'esbuild';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { RUNS_FROM_SOURCE } from './resolve-imports.js';

const TYPESCRIPT = /\.[mc]?tsx?$/;
/** Marks our own questions to esbuild's resolver, so that they do not come back to us. */
const ASKED_BY_US = Symbol('asked by us');
const underWay = new Map<string, Promise<string>>();

/**
 * The module to run in a worker for one of ours, or for a bundled drop-in. That is the file itself, except where we run from
 * source, as tests do: neither a worker nor what it imports can be TypeScript, so all of that is made one module.
 */
export async function prepareForWorker(file: string, folder: string): Promise<string> {
  if (!RUNS_FROM_SOURCE) return file;
  const hash = createHash('sha256').update(file).digest('hex').slice(0, 8);
  const outfile = join(folder, `${basename(file, '.ts')}-${hash}.source.mjs`);
  const before = underWay.get(outfile);
  if (before && (await before.then(existsSync))) return before;
  const made = runBuild({
    entryPoints: [file],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'silent',
    conditions: ['@crm-mesh/source'],
    plugins: [keepPackagesOutside],
  }).then(() => outfile);
  underWay.set(outfile, made);
  return made;
}

const keepPackagesOutside: Plugin = {
  name: 'keep-packages-outside',
  setup(build) {
    build.onResolve({ filter: /^[^./#]/ }, async ({ path, kind, pluginData, resolveDir, importer }) => {
      if (kind === 'entry-point' || pluginData === ASKED_BY_US) return undefined;
      if (isBuiltin(path)) return { path, external: true };
      // How a drop-in's bundle names the sdk.
      if (path.startsWith('file:'))
        return TYPESCRIPT.test(path) ? { path: fileURLToPath(path) } : { path, external: true };
      const asked = { kind, importer, pluginData: ASKED_BY_US };
      const found = await build.resolve(path, { ...asked, resolveDir: resolveDir || dirname(importer) });
      if (found.errors.length > 0) return { errors: found.errors };
      if (TYPESCRIPT.test(found.path)) return { path: found.path };
      return { path: pathToFileURL(found.path).href, external: true };
    });
  },
};
