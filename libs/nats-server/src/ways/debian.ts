import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { installIntoCache, withWorkFolder } from '../cache-file.js';
import { findProgram } from '../find-program.js';
import { type AptSource, chooseMirrors, parseDeb822Sources, parseOneLineSources, readCodename } from './apt-sources.js';
import type { Way } from './way.js';

/** The first Debian whose package is new enough (2.15); testing as this is written. Its binary runs from Debian 12 on. */
const SUITE = 'forky';
/** For the 10 MB of lists and the 5 MB of package, each. */
const STEP_TIMEOUT_MS = 120_000;
const KEYRINGS = ['/usr/share/keyrings/debian-archive-keyring.gpg', '/usr/share/keyrings/debian-archive-keyring.pgp'];

/** Debian testing's package, by an apt whose whole state lies in a folder of ours: the system's apt is not touched. */
export const debianTesting: Way = {
  name: 'debian',
  async try({ cacheDir, env, onProgress }) {
    const [aptGet, dpkgDeb] = ['apt-get', 'dpkg-deb'].map((program) => findProgram(program, env['PATH']));
    if (aptGet === undefined || dpkgDeb === undefined) throw new Error('this system has no apt-get and dpkg-deb');
    const keyring = KEYRINGS.find((file) => existsSync(file));
    if (keyring === undefined) throw new Error('there is no Debian archive keyring (package debian-archive-keyring)');
    const failures: string[] = [];
    for (const mirror of await findMirrors('/etc')) {
      onProgress(`fetching Debian's nats-server from ${mirror}`);
      const fetch = { aptGet, dpkgDeb, mirror, keyring, env };
      const attempt = withWorkFolder(cacheDir, async (folder) =>
        installIntoCache(cacheDir, await fetchPackage(folder, fetch), 'debian'),
      );
      const found = await attempt.catch((error: unknown) => void failures.push(explainApt(mirror, error)));
      if (found) return found;
    }
    throw new Error(failures.join(', '));
  },
};

/** Reads the machine's apt sources below `etc`. */
export async function findMirrors(etc: string): Promise<string[]> {
  const codename = readCodename(await readText(join(etc, 'os-release')));
  const parts = join(etc, 'apt/sources.list.d');
  const files = await readdir(parts).catch(() => []);
  const sources: AptSource[] = parseOneLineSources(await readText(join(etc, 'apt/sources.list')));
  for (const file of files.toSorted((a, b) => a.localeCompare(b))) {
    const parse = file.endsWith('.sources')
      ? parseDeb822Sources
      : file.endsWith('.list')
        ? parseOneLineSources
        : undefined;
    if (parse) sources.push(...parse(await readText(join(parts, file))));
  }
  return chooseMirrors(sources, codename);
}

interface Fetch {
  aptGet: string;
  dpkgDeb: string;
  mirror: string;
  keyring: string;
  env: NodeJS.ProcessEnv;
}

/** The path of the unpacked binary. */
async function fetchPackage(folder: string, { aptGet, dpkgDeb, mirror, keyring, env }: Fetch): Promise<string> {
  await writeAptState(folder, `deb [signed-by=${keyring} target=Packages lang=none] ${mirror} ${SUITE} main\n`);
  const run = (program: string, ...args: string[]): Promise<unknown> =>
    execa(program, args, { cwd: folder, env, extendEnv: false, timeout: STEP_TIMEOUT_MS });
  await run(aptGet, '-q', '-c', 'apt.conf', 'update');
  await run(aptGet, '-q', '-c', 'apt.conf', 'download', 'nats-server');
  const archive = (await readdir(folder)).find((file) => file.endsWith('.deb'));
  if (archive === undefined) throw new Error('apt-get downloaded no package');
  await run(dpkgDeb, '-x', archive, 'root');
  return join(folder, 'root/usr/sbin/nats-server');
}

async function writeAptState(folder: string, source: string): Promise<void> {
  for (const part of ['lists/partial', 'cache/archives/partial', 'parts', 'root']) {
    await mkdir(join(folder, part), { recursive: true });
  }
  await writeFile(join(folder, 'status'), '');
  await writeFile(join(folder, 'sources.list'), source);
  await writeFile(join(folder, 'apt.conf'), buildAptConfig(folder));
}

/** Read after the system's own settings: proxies stay, its hooks (which write outside of our folder) do not run. */
export function buildAptConfig(folder: string): string {
  return [
    '#clear APT::Update::Pre-Invoke;',
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    `Dir::State "${folder}";`,
    `Dir::State::Lists "${join(folder, 'lists')}";`,
    `Dir::State::status "${join(folder, 'status')}";`,
    `Dir::Cache "${join(folder, 'cache')}";`,
    `Dir::Cache::archives "${join(folder, 'cache/archives')}";`,
    `Dir::Etc::SourceList "${join(folder, 'sources.list')}";`,
    `Dir::Etc::SourceParts "${join(folder, 'parts')}";`,
    `Dir::Etc::Preferences "${join(folder, 'preferences')}";`,
    `Dir::Etc::PreferencesParts "${join(folder, 'parts')}";`,
    // As root apt would else fetch as a user who may not write into our folder.
    'APT::Sandbox::User "root";',
    'APT::Update::Error-Mode "any";',
    'Acquire::Retries "1";',
    'Acquire::http::Timeout "15";',
    'Acquire::https::Timeout "15";',
    '',
  ].join('\n');
}

/** apt puts what went wrong in lines that begin with `E:`. */
function explainApt(mirror: string, error: unknown): string {
  const { stderr = '', shortMessage, message } = error as { stderr?: string; shortMessage?: string; message: string };
  const reason = /^E: (.*)$/m.exec(stderr)?.[1] ?? shortMessage ?? message;
  return `${mirror}: ${reason}`;
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
