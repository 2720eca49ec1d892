import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The cache that `npm test` fills, shared by every test of the repository. */
const CACHE_DIR = join(import.meta.dirname, '../../../.mesh/bin');

export interface FetchedPackage {
  /** In the cache: `postgres-18.4.0`. */
  name: string;
  /** As npm knows it: `name@version`. */
  spec: string;
  /** As package-lock.json would hold it. */
  integrity: string;
  timeoutMs: number;
  /** Makes it usable; its folder is what `npm install` would make. Returns the folder that is kept. */
  prepare(folder: string): Promise<string>;
}

/**
 * A package's folder; fetched once, from the npm registry. No devDependency: whoever only starts the mesh should not have to
 * wait for it. Rejects where there is no network.
 */
export async function fetchPackage(wanted: FetchedPackage): Promise<string> {
  const place = join(CACHE_DIR, wanted.name);
  if (!existsSync(place)) await fetchInto(place, wanted);
  return place;
}

async function fetchInto(place: string, { spec, integrity, timeoutMs, prepare }: FetchedPackage): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  const folder = await mkdtemp(join(dirname(place), '.fetch-'));
  try {
    const options = { cwd: folder, timeout: timeoutMs };
    const { stdout } = await run('npm', ['pack', spec, '--silent'], options);
    const archive = join(folder, stdout.trim());
    const actual = `sha512-${createHash('sha512')
      .update(await readFile(archive))
      .digest('base64')}`;
    if (actual !== integrity) throw new Error(`the checksum of ${spec} is ${actual}, not ${integrity}: not used`);
    await run('tar', ['-xzf', archive], options);
    const kept = await prepare(join(folder, 'package'));
    // Whoever fetches at the same time finds a whole folder; who comes second may leave it.
    await rename(kept, place).catch((error: unknown) => {
      if (!existsSync(place)) throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
