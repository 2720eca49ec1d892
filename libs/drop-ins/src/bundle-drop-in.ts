import { build as runBuild, type BuildFailure, type Message, type Plugin } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MeshError } from '@crm-mesh/contract';
import { INVALID, type DropIn } from './drop-in.js';
import { resolveImports, TYPESCRIPT } from './resolve-imports.js';
import { writeParamTypes } from './write-param-types.js';

/** A drop-in's own files as one ES module, its packages outside. */
export type Bundle = {
  /** The files that went into it (as far as they were read), absolute: a change of any is a change of the drop-in. */
  inputs: string[];
} & ({ ok: true; module: string; version: string } | { ok: false; error: MeshError });

/**
 * Bundles a drop-in into `cacheFolder`. The version is a hash over the names (below the drop-in's folder) and contents of its files, so it
 * is the same on every machine.
 */
export async function bundleDropIn(dropIn: DropIn, cacheFolder: string): Promise<Bundle> {
  const contents = new Map<string, Uint8Array>();
  const missing = await explainMissingFile(dropIn);
  if (missing) return { ok: false, error: missing, inputs: [dropIn.file] };
  try {
    const code = await runEsbuild(dropIn, cacheFolder, contents);
    const version = hashContents(dirname(dropIn.file), contents);
    const module = join(cacheFolder, `${dropIn.name}-${version}.mjs`);
    await writeWhole(module, code);
    return { ok: true, module, version, inputs: [...contents.keys()] };
  } catch (error) {
    return { ok: false, error: explainFailure(dropIn, error), inputs: [dropIn.file, ...contents.keys()] };
  }
}

async function runEsbuild(dropIn: DropIn, cacheFolder: string, contents: Map<string, Uint8Array>): Promise<Uint8Array> {
  const url = pathToFileURL(dropIn.file);
  const result = await runBuild({
    entryPoints: [dropIn.file],
    absWorkingDir: dirname(dropIn.file),
    outfile: join(cacheFolder, `${dropIn.name}.mjs`),
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'silent',
    // Given here, no tsconfig.json is looked for: a plugin means the same in every folder.
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: true, target: 'es2023' } },
    // The bundle lies elsewhere; what stands beside the plugin must still be found.
    define: {
      'import.meta.url': JSON.stringify(url.href),
      'import.meta.filename': JSON.stringify(dropIn.file),
      'import.meta.dirname': JSON.stringify(dirname(dropIn.file)),
    },
    plugins: [resolveImports(dropIn.kind), readInto(contents)],
  });
  const [output] = result.outputFiles;
  if (!output) throw new Error('esbuild gave no output');
  return output.contents;
}

/** Reads the files itself, so that the version tells what was bundled and not what a file held a moment later. */
function readInto(contents: Map<string, Uint8Array>): Plugin {
  return {
    name: 'read-into',
    setup(build) {
      build.onLoad({ filter: /.*/, namespace: 'file' }, async ({ path }) => {
        const bytes = await readFile(path);
        contents.set(path, bytes);
        const text = TYPESCRIPT.test(path) ? writeParamTypes(path, bytes.toString()) : bytes;
        return { contents: text, loader: 'default' };
      });
    },
  };
}

function hashContents(folder: string, contents: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash('sha256');
  const rows = [...contents].map(([path, bytes]) => [relative(folder, path).split(sep).join('/'), bytes] as const);
  for (const [path, bytes] of rows.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${path}\0${bytes.byteLength}\0`).update(bytes);
  }
  return hash.digest('hex').slice(0, 12);
}

/** By rename: another process may be importing it. */
async function writeWhole(path: string, code: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, code);
  await rename(draft, path);
}

async function explainMissingFile(dropIn: DropIn): Promise<MeshError | undefined> {
  if (
    await stat(dropIn.file).then(
      (found) => found.isFile(),
      () => false,
    )
  )
    return undefined;
  const cure = dropIn.folder
    ? `Add an index.${dropIn.kind}.ts to the folder, or name the file as "main" in its package.json.`
    : 'Put the file back.';
  return new MeshError(INVALID[dropIn.kind], `${dropIn.file} does not exist.`, { cure });
}

function explainFailure(dropIn: DropIn, error: unknown): MeshError {
  const messages = (error as Partial<BuildFailure>).errors ?? [];
  const [first] = messages;
  if (!first) return new MeshError(INVALID[dropIn.kind], `${dropIn.file}: ${String(error)}`, { cause: error });
  const more = messages.length > 1 ? ` (and ${messages.length - 1} more)` : '';
  return new MeshError(INVALID[dropIn.kind], `${describeMessage(dropIn, first)}${more}`, {
    cure: chooseCure(dropIn, first),
  });
}

function describeMessage(dropIn: DropIn, { text, location }: Message): string {
  const end = /[.!?]$/.test(text) ? '' : '.';
  if (!location) return `${dropIn.file}: ${text}${end}`;
  const file = join(dirname(dropIn.file), location.file);
  return `${file}:${location.line}:${location.column + 1}: ${text}${end}`;
}

function chooseCure(dropIn: DropIn, { text, location }: Message): string | undefined {
  const name = /^Cannot find the package "((?:@[^/"]+\/)?[^/"]+)/.exec(text)?.[1];
  if (name) return `Install it: npm install --prefix ${dropIn.folder ?? dirname(dropIn.file)} ${name}`;
  return location ? `Mend line ${location.line}; the file is picked up as soon as it is saved.` : undefined;
}
