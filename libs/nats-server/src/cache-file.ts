import { chmod, copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { programFile } from './find-program.js';
import { readNewEnoughVersion } from './version.js';
import type { NatsServerFound } from './ways/way.js';

export function locateCached(cacheDir: string): string {
  return join(cacheDir, programFile('nats-server'));
}

/** A folder of this fetch alone, inside the cache so that the result can be renamed; gone afterwards. */
export async function withWorkFolder<T>(cacheDir: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(cacheDir, { recursive: true });
  const folder = await mkdtemp(join(cacheDir, '.fetch-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Proves that the binary runs, then puts it in place by a rename: whoever fetches at the same time sees a whole file. */
export async function installIntoCache(cacheDir: string, fetched: string, via: string): Promise<NatsServerFound> {
  const draft = `${fetched}.ready`;
  await copyFile(fetched, draft);
  await chmod(draft, 0o755);
  const version = await readNewEnoughVersion(draft);
  const path = locateCached(cacheDir);
  await rename(draft, path);
  return { kind: 'binary', path, version, via };
}
