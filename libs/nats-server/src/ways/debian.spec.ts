import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { findProgram } from '../find-program.js';
import { findNatsServer } from '../find-nats-server.js';
import { buildAptConfig, debianTesting, findMirrors } from './debian.js';

// With a space, as in many a person's folder.
const folder = mkdtempSync(join(tmpdir(), 'crm-mesh debian-'));
afterAll(() => rmSync(folder, { recursive: true }));

const hasApt = findProgram('apt-get', process.env['PATH']) !== undefined;
if (!hasApt) console.warn('SKIPPED: this machine has no apt-get, so the Debian way to nats-server was not tried');

/** What a run of apt would change. */
function observeSystemApt(): unknown {
  return ['/var/lib/apt', '/var/lib/apt/lists', '/var/cache/apt', '/var/cache/apt/archives', '/etc/apt']
    .map((path) => statSync(path, { throwIfNoEntry: false }))
    .map((stat) => stat?.mtimeMs);
}

describe.skipIf(!hasApt)('Debian way', () => {
  it("fetches Debian's nats-server and leaves the system's apt alone", { timeout: 300_000 }, async () => {
    const before = observeSystemApt();
    const steps: string[] = [];
    const cacheDir = join(folder, 'cache');
    const found = await findNatsServer({ cacheDir, ways: [debianTesting], onProgress: (step) => steps.push(step) });
    expect(found).toMatchObject({ kind: 'binary', via: 'debian', path: join(cacheDir, 'nats-server') });
    expect(steps.length).toBeGreaterThan(0);
    expect(readdirSync(cacheDir)).toEqual(['nats-server']);
    expect(observeSystemApt()).toEqual(before);
  });

  it('keeps the settings of the machine but runs none of its hooks', async () => {
    const work = join(folder, 'a work folder');
    mkdirSync(work);
    writeFileSync(
      join(work, 'system.conf'),
      'APT::Update::Post-Invoke { "touch /nowhere"; };\nAcquire::http::Proxy "http://p";\n',
    );
    writeFileSync(join(work, 'apt.conf'), buildAptConfig(work));
    const aptConfig = findProgram('apt-config', process.env['PATH']);
    const env = { APT_CONFIG: join(work, 'system.conf') };
    const { stdout } = await execa(aptConfig!, ['-c', join(work, 'apt.conf'), 'dump'], { env });
    expect(stdout).not.toMatch(/^APT::Update::P(?:re|ost)-Invoke\S*:: /m);
    expect(stdout).toContain('Acquire::http::Proxy "http://p"');
    expect(stdout).toContain(`Dir::State::lists "${join(work, 'lists')}"`);
  });
});

describe('findMirrors', () => {
  it('reads both formats of the machine', async () => {
    const etc = join(folder, 'etc');
    mkdirSync(join(etc, 'apt/sources.list.d'), { recursive: true });
    writeFileSync(join(etc, 'os-release'), 'VERSION_CODENAME=bookworm\n');
    writeFileSync(join(etc, 'apt/sources.list'), 'deb http://one/debian bookworm main\n');
    const stanza = 'Types: deb\nURIs: http://two/debian\nSuites: bookworm\nComponents: main\n';
    writeFileSync(join(etc, 'apt/sources.list.d/two.sources'), stanza);
    writeFileSync(join(etc, 'apt/sources.list.d/off.sources.disabled'), stanza.replace('two', 'off'));
    expect(await findMirrors(etc)).toEqual(['http://one/debian', 'http://two/debian', 'http://deb.debian.org/debian']);
  });
});

describe('on a system without apt', () => {
  it('fails at once', async () => {
    const attempt = findNatsServer({ cacheDir: join(folder, 'none'), env: { PATH: '' }, ways: [debianTesting] });
    await expect(attempt).rejects.toThrow(/MESH_NATS_SERVER_MISSING: .*debian: this system has no apt-get/);
  });
});
