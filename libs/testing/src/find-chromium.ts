import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { arch, platform } from 'node:process';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createBrotliDecompress } from 'node:zlib';
import { fetchPackage } from './fetch-package.js';

const run = promisify(execFile);

/** The last release of `@sparticuz/chromium` for Node 20; its own code is not used. */
const VERSION = '143.0.4';
const INTEGRITY = 'sha512-/6I7uQTRhRDD2/gGPQ1Gkf+Dqk0RYDACPJDZfSzz0OWk4JmUTonNHPXbrn6UIklOHlnDLf8xAAzkOZKB/cJpLA==';
const FETCH_TIMEOUT_MS = 240_000;

/** Without a font Chromium lays text out without any height, and nothing can be clicked. Theirs look into fixed folders. */
const FONTS_CONF = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

/** A headless Chromium, and what it must find in its environment: its libraries and fonts, which machines may lack. */
export interface FoundChromium {
  path: string;
  env: Record<string, string>;
}

/** Fetched once: 66 MB, 215 MB on the disk. Rejects where there is none for the machine, or no network. */
export async function findChromium(): Promise<FoundChromium> {
  const target = `${platform}-${arch}`;
  if (target !== 'linux-x64') throw new Error(`there is no @sparticuz/chromium package for ${target}`);
  const place = await fetchPackage({
    name: `chromium-${VERSION}`,
    spec: `@sparticuz/chromium@${VERSION}`,
    integrity: INTEGRITY,
    timeoutMs: FETCH_TIMEOUT_MS,
    prepare: unpack,
  });
  return {
    path: join(place, 'chromium'),
    env: { LD_LIBRARY_PATH: join(place, 'lib'), FONTCONFIG_PATH: place, XDG_CACHE_HOME: place },
  };
}

async function unpack(folder: string): Promise<string> {
  const kept = join(folder, 'unpacked');
  await mkdir(kept);
  await inflate(join(folder, 'bin/chromium.br'), join(kept, 'chromium'));
  await chmod(join(kept, 'chromium'), 0o755);
  // The libraries that Amazon's Linux lacks, and one font.
  for (const part of ['al2023', 'fonts']) {
    const archive = join(kept, `${part}.tar`);
    await inflate(join(folder, `bin/${part}.tar.br`), archive);
    await run('tar', ['-xf', archive, '--no-same-owner', '-C', kept]);
    await rm(archive);
  }
  await writeFile(join(kept, 'fonts.conf'), FONTS_CONF);
  return kept;
}

async function inflate(from: string, to: string): Promise<void> {
  await pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to));
}
