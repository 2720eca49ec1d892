import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { DropIn } from './drop-in.js';

const PLUGIN_FILE = /^(?<name>.+)\.plugin\.(?:ts|mts|js|mjs)$/;
const INDEX_FILES = ['index.plugin.ts', 'index.plugin.mts', 'index.plugin.js', 'index.plugin.mjs'];

/**
 * Finds `<name>.plugin.ts` (also .mts, .js, .mjs) and folders `<name>/` with an `index.plugin.ts` or a `package.json` in
 * the given folders. A given folder that has an `index.plugin.ts` itself, or a package.json whose `main` is a `.plugin.ts`, is
 * taken for a single plugin. Missing folders hold nothing.
 */
export async function findDropIns(folders: readonly string[]): Promise<DropIn[]> {
  const found = await Promise.all(folders.map((folder) => searchFolder(resolve(folder))));
  return found.flat();
}

async function searchFolder(folder: string): Promise<DropIn[]> {
  const names = await listNames(folder);
  const index = INDEX_FILES.find((name) => names.includes(name));
  if (index) return [{ name: basename(folder), file: join(folder, index), folder }];
  const main = names.includes('package.json') ? await readMain(folder) : undefined;
  if (main && PLUGIN_FILE.test(basename(main))) return [{ name: basename(folder), file: join(folder, main), folder }];
  const found = await Promise.all(names.map((name) => readEntry(folder, name)));
  return found.filter((dropIn) => dropIn !== undefined);
}

async function readEntry(parent: string, name: string): Promise<DropIn | undefined> {
  if (name.startsWith('.') || name === 'node_modules') return undefined;
  const pluginName = PLUGIN_FILE.exec(name)?.groups?.['name'];
  if (pluginName) return { name: pluginName, file: join(parent, name) };
  const folder = join(parent, name);
  const names = await listNames(folder);
  const index = INDEX_FILES.find((candidate) => names.includes(candidate));
  if (index) return { name, file: join(folder, index), folder };
  if (!names.includes('package.json')) return undefined;
  return { name, file: join(folder, (await readMain(folder)) ?? 'index.plugin.ts'), folder };
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
