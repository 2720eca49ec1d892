import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectNats, type Nats } from '@crm-mesh/jetstream';
import { JetStreamStrategy } from '@crm-mesh/jetstream/nest';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MESH } from './mesh-command.fixture.js';

const { NATS_URL: _url, NATS_CONTEXT: _context, MESH_CONFIG: _config, ...ENV } = process.env;
const folder = mkdtempSync(join(tmpdir(), 'mesh-command-line-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function runMesh(...args: string[]) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [MESH, ...args], {
    cwd: folder,
    env: ENV,
    extendEnv: false,
    reject: false,
    timeout: 25_000,
  });
  return { exitCode, stdout, stderr };
}

describe('what is not understood', () => {
  it.each([
    [['stats'], 'Did you mean status?'],
    [['up', '--events-per-minute', 'abc'], '--help'],
    [['events', 'tail', '--type', 'bogus.nothing'], 'deal.won'],
  ])('under --json %j is one document, and nothing else', async (args, cure) => {
    const { exitCode, stdout, stderr } = await runMesh('--json', ...args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'MESH_USAGE', what: expect.any(String), cure: expect.stringContaining(cure) },
    });
  });

  it('is told to people in words', async () => {
    const { exitCode, stdout, stderr } = await runMesh('stats');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('Did you mean status?');
  });
});

describe('a connection that mesh.yaml names', () => {
  const file = join(folder, 'connections.yaml');
  const oauth = { clientId: 'c', clientSecret: 's', refreshToken: 'r', tokenUrl: 'http://127.0.0.1:1/oauth/token' };
  const client = { grant: 'client_credentials', clientId: 'c', clientSecret: 's' };
  const salesforce = { source: 'salesforce', config: { organizationId: '00D8d000009KxTqEAK', auth: client } };
  const connections = [
    { name: 'pipedrive', source: 'pipedrive', config: { webhookUser: 'u', webhookPasswords: ['p'], oauth } },
    { name: 'open', ...salesforce },
    { name: 'closed', ...salesforce, access: { secretPath: 'a-secret-of-20-letters' } },
  ];
  writeFileSync(file, JSON.stringify({ connections: connections.map((each) => ({ tenant: 'acme', ...each })) }));

  it('keeps its refresh token: only the publisher spends it', async () => {
    const sample = join(folder, 'deal.json');
    writeFileSync(sample, JSON.stringify({ id: 7, title: 'Kiln', stage_id: 3, pipeline_id: 1 }));
    const options = ['--sample', sample, '--entity', 'deal', '--connection', 'acme/pipedrive'];
    const { exitCode, stdout } = await runMesh('--json', '--config', file, 'source', 'map', ...options);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'MESH_USAGE', what: expect.stringContaining('only the publisher may spend the refresh token') },
    });
  });

  it('is told of by doctor where anybody could send its webhooks', async () => {
    const { stdout } = await runMesh('--json', '--config', file, 'doctor');
    const { checks } = JSON.parse(stdout) as { checks: { name: string; state: string; cure?: string }[] };
    const doors = checks.filter(({ name }) => name.startsWith('webhooks of '));
    expect(doors).toEqual([
      expect.objectContaining({
        name: 'webhooks of acme/open',
        state: 'note',
        cure: expect.stringContaining('secretPath'),
      }),
    ]);
  });
});

describe('a mesh that is not there', () => {
  it('is no other one, for a data folder that was named', async () => {
    const { exitCode, stdout } = await runMesh('--json', '--data-dir', join(folder, 'empty'), 'status');
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'MESH_NOT_RUNNING' } });
  });

  it('has exit code 3 for a context that does not exist', async () => {
    expect((await runMesh('--context', 'nope', 'status')).exitCode).toBe(3);
  });

  it('is not waited for where the connection is refused', async () => {
    const attempts: number[] = [];
    const refusing = createServer((socket) => {
      attempts.push(performance.now());
      socket.resetAndDestroy();
    });
    await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
    const { port } = refusing.address() as AddressInfo;
    expect((await runMesh('--server', `nats://127.0.0.1:${port}`, 'status')).exitCode).toBe(3);
    refusing.close();
    expect(attempts).toHaveLength(1);
  });
});

describe('a source of one’s own', () => {
  it('is written, checked, and refused by file, field and cure', async () => {
    const made = await runMesh('--json', 'source', 'new', 'my-crm', '--folder', 'plugins');
    expect(made.exitCode).toBe(0);
    const file = join(folder, 'plugins/my-crm.source.ts');
    const good = await runMesh('--json', 'source', 'check');
    expect(JSON.parse(good.stdout)).toMatchObject({ sources: [{ name: 'my-crm', ok: true, parts: ['webhooks'] }] });

    writeFileSync(file, readFileSync(file, 'utf8').replace('  map(', '  mapp('));
    const wrong = await runMesh('--json', 'source', 'check', 'plugins/my-crm.source.ts');
    expect(wrong.exitCode).toBe(1);
    const error = { code: 'MESH_SOURCE_INVALID', what: `${file}: map: is missing; mapp: is not known.` };
    expect(JSON.parse(wrong.stdout)).toMatchObject({ sources: [{ ok: false, error }] });
    expect(wrong.stdout).toContain('Did you mean \\"map\\"?');
    expect((await runMesh('source', 'new', 'hubspot')).exitCode).toBe(2);
  }, 60_000);
});

it('ends quietly when nobody reads its output any more', async () => {
  const script = `"$0" "$1" --data-dir empty doctor | head -1`;
  const { stdout, stderr } = await execa('sh', ['-c', script, process.execPath, MESH], { cwd: folder, env: ENV });
  expect(stdout).toContain('Node');
  expect(stderr).toBe('');
});

describe('plugin list, of a plugin whose newest version is refused while a former one runs', () => {
  let server: TestNats;
  let nats: Nats;
  let plugins: object[];
  beforeAll(async () => {
    server = await startTestNats();
    nats = await connectNats({ name: 'host', url: server.url });
    const host = new JetStreamStrategy({ nats, app: 'host', version: '1.0.0' });
    host.addHandler('status', async () => ({ app: 'host', pluginFolders: ['plugins'], plugins }));
    await new Promise((resolve) => host.listen(resolve));
    await nats.flush();
  });
  afterAll(async () => {
    await nats?.close();
    await server?.stop();
  });

  it.each([
    [0, { state: 'running' }],
    [1, { state: 'running', reason: 'it has no handle()', cure: 'Write one.' }],
  ])('exits with %i for %j', async (code, plugin) => {
    plugins = [{ name: 'a', file: 'a.plugin.ts', events: ['deal.won'], ...plugin }];
    const { exitCode, stdout } = await runMesh('--server', server.url, 'plugin', 'list');
    expect(exitCode).toBe(code);
    expect(stdout).toContain(code === 0 ? 'running' : 'it has no handle()');
  });
});
