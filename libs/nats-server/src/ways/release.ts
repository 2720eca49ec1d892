import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { arch, platform } from 'node:process';
import { join } from 'node:path';
import { execa } from 'execa';
import { programFile } from '../find-program.js';
import { installIntoCache, withWorkFolder } from '../cache-file.js';
import { FETCHED_VERSION } from '../version.js';
import type { Way } from './way.js';

const CHECKSUMS_TIMEOUT_MS = 10_000;
const ARCHIVE_TIMEOUT_MS = 180_000;
const SYSTEMS: Record<string, string> = { darwin: 'darwin', linux: 'linux', win32: 'windows' };
const PROCESSORS: Record<string, string> = { x64: 'amd64', arm64: 'arm64', arm: 'arm7', ia32: '386' };

/** The official archive of the platform, checked against the release's SHA256SUMS. */
export const officialRelease: Way = {
  name: 'release',
  try({ cacheDir, onProgress, releaseBaseUrl }) {
    return withWorkFolder(cacheDir, async (folder) => {
      const base = `nats-server-v${FETCHED_VERSION}-${nameTarget(platform, arch)}`;
      const address = `${releaseBaseUrl}/v${FETCHED_VERSION}`;
      onProgress(`downloading nats-server ${FETCHED_VERSION} from ${new URL(address).host}`);
      const sums = await download(`${address}/SHA256SUMS`, CHECKSUMS_TIMEOUT_MS);
      const expected = findChecksum(sums.toString('utf8'), `${base}.tar.gz`);
      const archive = await download(`${address}/${base}.tar.gz`, ARCHIVE_TIMEOUT_MS);
      const actual = createHash('sha256').update(archive).digest('hex');
      if (actual !== expected)
        throw new Error(`the checksum of ${base}.tar.gz is ${actual}, not ${expected}: not used`);
      await writeFile(join(folder, 'archive.tar.gz'), archive);
      await execa('tar', ['-xzf', 'archive.tar.gz'], { cwd: folder });
      return installIntoCache(cacheDir, join(folder, base, programFile('nats-server')), 'release');
    });
  },
};

/** The release's name for a system and processor. */
export function nameTarget(system: string, processor: string): string {
  const target = [SYSTEMS[system], PROCESSORS[processor]];
  if (target.includes(undefined)) throw new Error(`there is no release for ${system} on ${processor}`);
  return target.join('-');
}

/** SHA256SUMS has lines `<64 hex digits>  <file>`; a `*` before the file means binary mode. */
export function findChecksum(sums: string, file: string): string {
  for (const line of sums.split('\n')) {
    const [checksum, name] = line.trim().split(/\s+\*?/);
    if (name === file && checksum !== undefined && /^[0-9a-f]{64}$/i.test(checksum)) return checksum.toLowerCase();
  }
  throw new Error(`the release's SHA256SUMS has no line for ${file}`);
}

async function download(url: string, timeoutMs: number): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) }).catch((error: unknown) => {
    throw new Error(`${url} cannot be reached: ${explainFetchError(error)}`, { cause: error });
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

/** fetch says only "fetch failed"; the cause says why. */
function explainFetchError(error: unknown): string {
  const { cause, message } = error as Error & { cause?: Error };
  return cause?.message ?? message;
}
