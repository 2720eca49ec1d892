import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, type Options } from 'execa';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { MESH, ROOT } from '../mesh-command.fixture.js';

const { NATS_URL: _url, NATS_CONTEXT: _context, MESH_CONFIG: _config, ...ENV } = process.env;
const FREE_PORTS = ['publisher', 'host', 'sandbox', 'nats'].flatMap((name) => [`--${name}-port`, '0']);
/** What keeps it from ending by itself is what these tests are about. */
const END_TIMEOUT_MS = 45_000;

const folder = mkdtempSync(join(tmpdir(), 'mesh-up-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let cwd: string;
beforeEach(() => void (cwd = mkdtempSync(join(folder, 'at-'))));

function spawnUp(args: string[] = [], options: Options & { mesh?: string } = {}) {
  const { mesh = MESH, env = {}, ...rest } = options;
  return execa(process.execPath, [mesh, 'up', ...FREE_PORTS, ...args], {
    cwd,
    // Without colours, which CI asks for.
    env: { ...ENV, NO_COLOR: '1', ...env },
    extendEnv: false,
    reject: false,
    timeout: END_TIMEOUT_MS,
    ...rest,
  });
}

async function failUp(...how: Parameters<typeof spawnUp>): Promise<{ code: number | undefined; told: string }> {
  const { exitCode, stdout, stderr } = await spawnUp(...how);
  return { code: exitCode, told: `${String(stdout)}\n${String(stderr)}` };
}

const writeYaml = (text: string): void => writeFileSync(join(cwd, 'mesh.yaml'), text);

describe('mesh up that cannot start', { timeout: 60_000 }, () => {
  it('tells the line of mesh.yaml that is wrong, to people and to scripts', async () => {
    writeYaml('conections: []\n');
    const [plain, json] = await Promise.all([
      failUp(['--data-dir', 'plain']),
      spawnUp(['--json', '--data-dir', 'json'], { stderr: 'pipe' }),
    ]);
    expect(plain.code).toBe(1);
    expect(plain.told).toMatch(/mesh\.yaml:1/);
    expect(plain.told).toMatch(/MESH_CONFIG_INVALID → .*connections/);
    expect(json).toMatchObject({ exitCode: 1, stderr: '' });
    expect(JSON.parse(String(json.stdout))).toMatchObject({ error: { code: 'MESH_CONFIG_INVALID' } });
  });

  it('says soon that the NATS server which NATS_URL names is not there', async () => {
    const { code, told } = await failUp([], { env: { NATS_URL: 'nats://127.0.0.1:1' }, timeout: 20_000 });
    expect(told).toMatch(
      /NATS cannot be reached at nats:\/\/127\.0\.0\.1:1: .*\n.*MESH_NATS_UNAVAILABLE → Start that server/,
    );
    expect(code).toBe(3);
  });

  it('says how to get a nats-server where none is to be had', async () => {
    // A checkout whose cache is empty, on a machine without network and without programs.
    for (const part of ['dist', 'bin', 'package.json', 'node_modules'])
      cpSync(join(ROOT, 'apps/cli', part), join(cwd, 'apps/cli', part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(cwd, 'node_modules'));
    const offline = 'globalThis.fetch = () => Promise.reject(new Error("there is no network"));';
    const env = {
      PATH: cwd,
      GOPROXY: 'off',
      GOFLAGS: '-mod=mod',
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(offline)}`,
    };
    const { code, told } = await failUp([], { mesh: join(cwd, 'apps/cli/bin/mesh.js'), env });
    expect(told).toMatch(/No nats-server was found\. Tried: .*\n.*MESH_NATS_SERVER_MISSING → .*put nats-server 2\.12/);
    expect(code).toBe(1);
  });

  it('quotes the app that dies at its start, and leaves nothing behind', async () => {
    // A folder where its database should be.
    mkdirSync(join(cwd, '.mesh/publisher.db'), { recursive: true });
    const { code, told } = await failUp();
    expect(told).toMatch(/The publisher ended before it was ready \(exit code 1\)/);
    expect(told).toContain('MESH_STORE_UNAVAILABLE');
    expect(code).toBe(1);
    expect(['run.json', 'mesh.lock'].filter((file) => existsSync(join(cwd, '.mesh', file)))).toEqual([]);
  });

  it('is no failure when Ctrl-C breaks the start off', async () => {
    const up = spawnUp();
    up.stderr!.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('starting the publisher')) up.kill('SIGINT');
    });
    const { exitCode, stderr } = await up;
    expect(String(stderr)).not.toContain('✗');
    expect(exitCode).toBe(0);
    expect(existsSync(join(cwd, '.mesh/mesh.lock'))).toBe(false);
  });
});
