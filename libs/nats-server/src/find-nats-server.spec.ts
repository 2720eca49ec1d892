import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findNatsServer, WAYS } from './find-nats-server.js';
import { cached } from './ways/cache.js';
import { onPath } from './ways/path.js';
import { ownServer } from './ways/own-server.js';

const folder = mkdtempSync(join(tmpdir(), 'crm-mesh find-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LOCAL = [ownServer, onPath, cached];

/** A folder with a program that says it is this version, or cannot run at all. */
function putProgram(place: string, version: string | undefined): string {
  mkdirSync(join(folder, place), { recursive: true });
  const file = join(folder, place, 'nats-server');
  writeFileSync(file, version === undefined ? '\x7fELF' : `#!/bin/sh\necho 'nats-server: v${version}'\n`);
  chmodSync(file, 0o755);
  return join(folder, place);
}

const withPath = (...folders: string[]): NodeJS.ProcessEnv => ({ PATH: folders.join(':') });

describe('findNatsServer', () => {
  const current = putProgram('current', '2.12.0');
  const preview = putProgram('preview', '2.14.0-RC.1');
  const old = putProgram('old', '2.9.10');
  const broken = putProgram('broken', undefined);
  const empty = join(folder, 'empty');

  it('prefers a server of the user', async () => {
    const env = { ...withPath(current), NATS_URL: 'nats://elsewhere:4222' };
    expect(await findNatsServer({ cacheDir: current, env, ways: LOCAL })).toEqual({
      kind: 'external',
      url: 'nats://elsewhere:4222',
    });
  });

  it('then one on PATH', async () => {
    const found = await findNatsServer({
      cacheDir: preview,
      env: { ...withPath(empty, current), NATS_URL: ' ' },
      ways: LOCAL,
    });
    expect(found).toEqual({ kind: 'binary', path: join(current, 'nats-server'), version: '2.12.0', via: 'PATH' });
  });

  it('then the cached one, also when that on PATH is too old or cannot run', async () => {
    for (const path of [empty, old, broken]) {
      const found = await findNatsServer({ cacheDir: preview, env: withPath(path), ways: LOCAL });
      expect(found).toMatchObject({ kind: 'binary', path: join(preview, 'nats-server'), via: 'cache' });
    }
  });

  it('says of every way why it failed, and what to do', async () => {
    const failure = findNatsServer({ cacheDir: empty, env: withPath(old), ways: LOCAL });
    await expect(failure).rejects.toThrow(
      `MESH_NATS_SERVER_MISSING: No nats-server was found. Tried: NATS_URL: is not set; ` +
        `PATH: ${join(old, 'nats-server')} is 2.9.10, older than 2.12.0; cache: has none yet (${join(empty, 'nats-server')}). Do one`,
    );
  });

  it('tries the quick ways before the slow ones', () => {
    expect(WAYS.map((way) => way.name)).toEqual(['NATS_URL', 'PATH', 'cache', 'release', 'debian', 'go']);
  });
});
