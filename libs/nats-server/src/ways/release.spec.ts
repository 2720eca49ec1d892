import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findNatsServer } from '../find-nats-server.js';
import { FETCHED_VERSION } from '../version.js';
import { findChecksum, nameTarget, officialRelease } from './release.js';

const folder = mkdtempSync(join(tmpdir(), 'crm-mesh release-'));
const base = `nats-server-v${FETCHED_VERSION}-${nameTarget(process.platform, process.arch)}`;
const files = new Map<string, Buffer>();
let server: Server;
let releaseBaseUrl: string;
let archive: Buffer;

/** An archive laid out like the official one, with a real server in it. */
async function buildArchive(): Promise<Buffer> {
  const found = await findNatsServer({ cacheDir: join(import.meta.dirname, '../../../../.mesh/bin') });
  if (found.kind === 'external') throw new Error('this test packs a server of its own: unset NATS_URL');
  mkdirSync(join(folder, base));
  copyFileSync(found.path, join(folder, base, 'nats-server'));
  await execa('tar', ['-czf', 'archive.tar.gz', base], { cwd: folder });
  return readFileSync(join(folder, 'archive.tar.gz'));
}

function offer(content: Buffer, checksum: string): void {
  files.set(`/v${FETCHED_VERSION}/${base}.tar.gz`, content);
  files.set(
    `/v${FETCHED_VERSION}/SHA256SUMS`,
    Buffer.from(`${checksum}  ${base}.tar.gz\n${'0'.repeat(64)}  other.zip\n`),
  );
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

beforeAll(async () => {
  archive = await buildArchive();
  server = createServer((request, response) => {
    const file = files.get(request.url ?? '');
    response.writeHead(file ? 200 : 404).end(file);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  releaseBaseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}, 300_000);
beforeEach(() => files.clear());
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const fetchInto = (cache: string): ReturnType<typeof findNatsServer> =>
  findNatsServer({ cacheDir: join(folder, cache), ways: [officialRelease], releaseBaseUrl });

describe('official release', () => {
  it('is unpacked when its checksum is right', async () => {
    offer(archive, sha256(archive));
    const found = await fetchInto('good');
    expect(found).toMatchObject({ kind: 'binary', via: 'release', path: join(folder, 'good/nats-server') });
    expect(readdirSync(join(folder, 'good'))).toEqual(['nats-server']);
  });

  it('may be fetched by several at once', async () => {
    offer(archive, sha256(archive));
    const found = await Promise.all([fetchInto('shared'), fetchInto('shared'), fetchInto('shared')]);
    // Who comes late may find it in the cache already.
    expect(found).toEqual(
      found.map(() => expect.objectContaining({ kind: 'binary', path: join(folder, 'shared/nats-server') })),
    );
    expect(readdirSync(join(folder, 'shared'))).toEqual(['nats-server']);
  });

  it('is not used when its checksum is wrong', async () => {
    offer(Buffer.concat([archive, Buffer.from('x')]), sha256(archive));
    await expect(fetchInto('altered')).rejects.toThrow(/release: the checksum of .* not used/);
    expect(readdirSync(join(folder, 'altered'))).toEqual([]);
  });

  it('is not used when it is no archive', async () => {
    const page = Buffer.from('<html>please log in</html>');
    offer(page, sha256(page));
    await expect(fetchInto('page')).rejects.toThrow(/MESH_NATS_SERVER_MISSING: .*release: .*tar/);
  });

  it('says what the host answered', async () => {
    await expect(fetchInto('absent')).rejects.toThrow(/SHA256SUMS answered 404/);
  });

  it('fails at once where the host cannot be reached', async () => {
    const closed = { cacheDir: join(folder, 'closed'), ways: [officialRelease], releaseBaseUrl: 'http://127.0.0.1:9' };
    const started = performance.now();
    await expect(findNatsServer(closed)).rejects.toThrow(/http:\/\/127\.0\.0\.1:9\/\S+ cannot be reached: /);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('findChecksum', () => {
  const sum = 'a'.repeat(64);
  it.each([
    [`${sum}  file.tar.gz`, sum],
    [`${sum} *file.tar.gz\r`, sum],
    [`${'b'.repeat(64)}  my-file.tar.gz\n${sum.toUpperCase()}  file.tar.gz\n`, sum],
  ])('%j', (sums, expected) => expect(findChecksum(sums, 'file.tar.gz')).toBe(expected));
  it.each(['', `${sum}  file.tar.gz.sig`, 'abc  file.tar.gz'])('refuses %j', (sums) => {
    expect(() => findChecksum(sums, 'file.tar.gz')).toThrow('has no line for file.tar.gz');
  });
});

describe('nameTarget', () => {
  it.each([
    ['linux', 'x64', 'linux-amd64'],
    ['darwin', 'arm64', 'darwin-arm64'],
    ['win32', 'x64', 'windows-amd64'],
    ['linux', 'arm', 'linux-arm7'],
  ])('%s %s', (system, processor, expected) => expect(nameTarget(system, processor)).toBe(expected));
  it('refuses what has no release', () =>
    expect(() => nameTarget('sunos', 'x64')).toThrow('no release for sunos on x64'));
});
