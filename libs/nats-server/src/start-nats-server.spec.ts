import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findNatsServer, startNatsServer, type RunningNatsServer, type StartOptions } from './index.js';
import { readServerInfo } from './server-info.js';
import { writeServerRecord } from './server-record.js';

const folder = mkdtempSync(join(tmpdir(), 'crm-mesh start-'));
const running: RunningNatsServer[] = [];
let binary: string;

beforeAll(async () => {
  const cacheDir = join(import.meta.dirname, '../../../.mesh/bin');
  const found = await findNatsServer({ cacheDir, env: { ...process.env, NATS_URL: '' } });
  if (found.kind === 'binary') binary = found.path;
}, 300_000);
afterEach(async () => void (await Promise.all(running.splice(0).map((server) => server.stop()))));
afterAll(() => rmSync(folder, { recursive: true }));

async function start(store: string, options: Partial<StartOptions> = {}): Promise<RunningNatsServer> {
  const server = await startNatsServer({ binary, storeDir: join(folder, store), ...options });
  running.push(server);
  return server;
}

describe('startNatsServer', () => {
  it('runs one with JetStream on the loopback host and stops it', async () => {
    const server = await start('plain');
    expect(server.url).toBe(`nats://127.0.0.1:${server.port}`);
    expect(await readServerInfo(server.port)).toMatchObject({ jetstream: true, version: server.version });
    await server.stop();
    expect(await server.exited).toMatchObject({ signal: null });
    expect(await readServerInfo(server.port)).toBeUndefined();
  });

  it('takes the wished port, and a free one where it is taken', async () => {
    const first = await start('first');
    const second = await start('second', { port: first.port });
    expect(second.port).not.toBe(first.port);
    await first.stop();
    const third = await start('third', { port: first.port });
    expect(third.port).toBe(first.port);
  });

  it('takes another monitoring port too', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const server = await start('monitored', { monitorPort: port });
    expect(server.monitorPort).not.toBe(port);
    expect((await fetch(`http://127.0.0.1:${server.monitorPort}/healthz`)).status).toBe(200);
    holder.close();
  });

  it('passes settings on, and a password only in a file that nobody else can read', async () => {
    const server = await start('settings', {
      syncInterval: 'always',
      user: 'mesh',
      password: 'secret',
      settings: { max_payload: 4_096, jetstream: { max_file_store: 1_000_000 } },
      monitorPort: 0,
    });
    expect(await readServerInfo(server.port)).toMatchObject({ max_payload: 4_096, auth_required: true });
    const state = await (await fetch(`http://127.0.0.1:${server.monitorPort}/jsz`)).json();
    expect(state).toMatchObject({ config: { sync_always: true, max_storage: 1_000_000 } });
    expect(statSync(join(folder, 'settings/nats-server.conf')).mode & 0o077).toBe(0);
  });

  it("runs with the user's configuration file", async () => {
    const configFile = join(folder, 'own.conf');
    writeFileSync(configFile, 'port: 4222\nmax_payload: 2048\n');
    const server = await start('own', { configFile });
    expect(await readServerInfo(server.port)).toMatchObject({ max_payload: 2_048, jetstream: true });
  });

  it('tells of the end of a server that is killed', async () => {
    const server = await start('killed');
    server.kill('SIGKILL');
    expect(await server.exited).toMatchObject({ signal: 'SIGKILL' });
  });
});

describe('startNatsServer that fails', () => {
  it('names the reason that the server logged', async () => {
    const failure = start('wrong', { settings: { max_payload: 'much' } });
    await expect(failure).rejects.toThrow(
      /MESH_NATS_START_FAILED: nats-server ended with code 1 before it was ready: .*nats-server\.conf:\d+:\d+: /,
    );
  });

  it('names a binary that is not there', async () => {
    await expect(start('none', { binary: join(folder, 'nowhere') })).rejects.toThrow(
      /MESH_NATS_START_FAILED: .*ENOENT/,
    );
  });
});

describe('a store that has a server', () => {
  it('is refused while the other mesh lives', async () => {
    const server = await start('busy');
    await expect(start('busy')).rejects.toThrow(
      `MESH_NATS_STORE_BUSY: Process ${process.pid} already runs a nats-server (process ${server.pid}`,
    );
  });

  it('is taken over from a mesh that was killed', async () => {
    const orphan = await start('orphan');
    const { pid: gone } = await execa(process.execPath, ['-p', 'process.pid']).then(({ stdout }) => ({
      pid: Number(stdout),
    }));
    writeServerRecord(join(folder, 'orphan'), { pid: orphan.pid, owner: gone, port: orphan.port });
    const successor = await start('orphan', { port: orphan.port });
    await orphan.exited;
    expect(successor.port).toBe(orphan.port);
  });

  it('is free again after a stop, and when the process id belongs to another program', async () => {
    await (await start('again')).stop();
    writeServerRecord(join(folder, 'again'), { pid: process.pid, owner: process.pid, port: 1 });
    await expect(start('again')).resolves.toMatchObject({ port: expect.any(Number) });
  });
});
