import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Whether node_modules holds what package-lock.json asks for, by what npm wrote down there when it was done:
 * file times say nothing after a `git checkout`. Optional packages may be absent (other platforms).
 */
export function matchesLock(lock, installed) {
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (!path.includes('node_modules/') || wanted.optional || wanted.devOptional || wanted.peer) return true;
    const present = installed?.packages?.[path];
    return present !== undefined && present.version === wanted.version && present.link === wanted.link;
  });
}

export async function isInstalled(root) {
  const lock = await readJson(join(root, 'package-lock.json'));
  return matchesLock(lock, await readJson(join(root, 'node_modules/.package-lock.json')).catch(() => undefined));
}

export async function readJson(file) {
  return JSON.parse(await readFile(file, 'utf8'));
}
