import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { DropIn, DropInKind } from './drop-in.js';

const EXTENSIONS = ['ts', 'mts', 'js', 'mjs'];
const KINDS: readonly DropInKind[] = ['plugin', 'source'];

/**
 * Finds `<name>.plugin.ts` (also .mts, .js, .mjs) and folders `<name>/` with an `index.plugin.ts` or a `package.json` in
 * the given folders; for sources, `.source.ts` likewise. A given folder that has an `index.plugin.ts` itself, or a
 * package.json whose `main` is a `.plugin.ts`, is taken for a single plugin. Missing folders hold nothing.
 */
export async function findDropIns(folders: readonly string[], kind: DropInKind = 'plugin'): Promise<DropIn[]> {
  const found = await Promise.all(folders.map((folder) => searchFolder(resolve(folder), kind)));
  return found.flat();
}

async function searchFolder(folder: string, kind: DropInKind): Promise<DropIn[]> {
  const names = await listNames(folder);
  const index = findIndex(names, kind);
  if (index) return [{ kind, name: basename(folder), file: join(folder, index), folder }];
  const main = names.includes('package.json') ? await readMain(folder) : undefined;
  if (main && readName(basename(main), kind))
    return [{ kind, name: basename(folder), file: join(folder, main), folder }];
  const found = await Promise.all(names.map((name) => readEntry(folder, name, kind)));
  return found.filter((dropIn) => dropIn !== undefined);
}

async function readEntry(parent: string, entry: string, kind: DropInKind): Promise<DropIn | undefined> {
  if (entry.startsWith('.') || entry === 'node_modules') return undefined;
  const name = readName(entry, kind);
  if (name) return { kind, name, file: join(parent, entry) };
  const folder = join(parent, entry);
  const names = await listNames(folder);
  const index = findIndex(names, kind);
  if (index) return { kind, name: entry, file: join(folder, index), folder };
  if (!names.includes('package.json')) return undefined;
  const main = await readMain(folder);
  if (kindOf(main, names) !== kind) return undefined;
  return { kind, name: entry, file: join(folder, main ?? `index.${kind}.ts`), folder };
}

/** Whose folder with a package.json it is: a plugin's, where nothing in it says that it is a source's. */
function kindOf(main: string | undefined, names: readonly string[]): DropInKind {
  const isNamed = (kind: DropInKind): boolean =>
    main === undefined ? findIndex(names, kind) !== undefined : readName(basename(main), kind) !== undefined;
  return KINDS.find(isNamed) ?? 'plugin';
}

/** `close.source.ts` → `close` */
function readName(file: string, kind: DropInKind): string | undefined {
  const ending = EXTENSIONS.map((extension) => `.${kind}.${extension}`).find((each) => file.endsWith(each));
  return ending === undefined || file === ending ? undefined : file.slice(0, -ending.length);
}

function findIndex(names: readonly string[], kind: DropInKind): string | undefined {
  return EXTENSIONS.map((extension) => `index.${kind}.${extension}`).find((each) => names.includes(each));
}

/** Empty for what is no folder, or is gone. */
async function listNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch {
    return [];
  }
}

async function readMain(folder: string): Promise<string | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { main?: unknown };
    return typeof manifest.main === 'string' ? manifest.main : undefined;
  } catch {
    return undefined; // half-written: index.plugin.ts is then what is asked for
  }
}
