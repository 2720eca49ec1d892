import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { MESH } from './mesh-command.fixture.js';

const { NATS_URL: _url, NATS_CONTEXT: _context, MESH_CONFIG: _config, ...ENV } = process.env;
const HOOK = new URL('loaded-files.fixture.mjs', import.meta.url).href;
const WORK = new URL('../dist/work/', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'mesh-start-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The packages of which such a process loads a file, but for the command line's own. */
async function listLoaded(...args: string[]): Promise<string[]> {
  const list = join(mkdtempSync(join(folder, 'of-')), 'files');
  await execa(process.execPath, ['--import', HOOK, ...args], {
    ...{ cwd: folder, env: { ...ENV, LOADED_FILES: list }, extendEnv: false, reject: false, timeout: 50_000 },
  });
  const files = readFileSync(list, 'utf8').split('\n');
  return [...new Set(files.flatMap((file) => findPackage(file) ?? []))].toSorted();
}

/** `…/node_modules/@grpc/grpc-js/…` is of @grpc/grpc-js, `…/libs/config/dist/…` of @crm-mesh/config. */
function findPackage(file: string): string | undefined {
  const other = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
  const own = /\/libs\/([^/]+)\/dist\//.exec(file)?.[1];
  return other ?? (own && `@crm-mesh/${own}`);
}

describe('help and what is not understood need nothing of what commands do', { timeout: 60_000 }, () => {
  it.each([
    [['--version'], ['commander']],
    [['--help'], ['commander', 'ms']],
    [
      ['dead', 'redrive', '--help'],
      ['commander', 'ms'],
    ],
    [['stats'], ['commander', 'ms']],
  ])('mesh %j loads %j', async (args, packages) => {
    expect(await listLoaded(MESH, ...args)).toEqual(packages);
  });
});

describe('commands that only ask a mesh load nothing heavy', { timeout: 60_000 }, () => {
  const HEAVY = [
    ...['@grpc/grpc-js', '@nestjs/common', '@nestjs/microservices', 'better-sqlite3', 'chokidar', 'diff', 'esbuild'],
    ...['execa', 'jose', 'oxc-parser', 'pg', 'protobufjs', 'rxjs', 'typeorm'],
  ];
  /** What runs servers, bundles files or opens sources. */
  const OTHERS = [
    ...['check-drop-in', 'dead-patch', 'demo', 'doctor', 'find-named', 'plugin-check', 'source', 'source-check'],
    ...['source-map', 'source-new', 'up'],
  ];

  it.each([
    // Nobody listens there.
    [['dead', 'redrive', '1', '--server', 'nats://127.0.0.1:1'], '@crm-mesh/jetstream'],
    // Where nothing else says where it is, mesh.yaml is read. No mesh runs in that folder, and no other is looked for.
    [['status', '--data-dir', 'empty'], '@crm-mesh/config'],
  ])('mesh %j: %s, and no more than it needs', async (args, needed) => {
    const loaded = await listLoaded(MESH, ...args);
    expect(loaded).toContain(needed);
    expect(loaded.filter((name) => HEAVY.includes(name))).toEqual([]);
  });

  it('all of them, in one process', async () => {
    const others = OTHERS.map((name) => `${name}.js`);
    const files = readdirSync(WORK).filter((name) => name.endsWith('.js') && !others.includes(name));
    expect(files).toEqual(expect.arrayContaining(['dead.js', 'explain.js', 'plugin.js', 'reconcile.js', 'status.js']));
    const script = files.map((name) => `await import('${new URL(name, WORK).href}');`).join('\n');
    const loaded = await listLoaded('--input-type=module', '--eval', script);
    expect(loaded).toContain('@crm-mesh/jetstream');
    expect(loaded.filter((name) => HEAVY.includes(name))).toEqual([]);
  });
});
