import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Whether node_modules holds what package-lock.json asks for, by what npm wrote down there when it was done:
 * file times say nothing after a `git checkout`. Optional packages may be absent (other platforms).
 */
export function matchesLock(lock, installed) {
  return listWanted(lock).every(([path, wanted]) => {
    const present = installed?.packages?.[path];
    return present !== undefined && present.version === wanted.version && present.link === wanted.link;
  });
}

/** What npm wrote down says nothing of a folder that somebody removed since: `apps/cli/node_modules`, say. */
export function hasFolders(root, lock) {
  return listWanted(lock).every(([path]) => existsSync(join(root, path, 'package.json')));
}

function listWanted(lock) {
  return Object.entries(lock.packages).filter(
    ([path, wanted]) => path.includes('node_modules/') && !wanted.optional && !wanted.devOptional && !wanted.peer,
  );
}

export async function isInstalled(root) {
  const lock = await readJson(join(root, 'package-lock.json'));
  const installed = await readJson(join(root, 'node_modules/.package-lock.json')).catch(() => undefined);
  return matchesLock(lock, installed) && hasFolders(root, lock);
}

export async function readJson(file) {
  return JSON.parse(await readFile(file, 'utf8'));
}
