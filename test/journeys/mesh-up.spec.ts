import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeTempDir, type TempDir } from '@crm-mesh/testing';

const ROOT = join(import.meta.dirname, '../..');
const MESH = join(ROOT, 'apps/cli/bin/mesh.js');

interface Run {
  process: ResultPromise;
  dataDir: string;
  output(): string;
}

let folders: TempDir[];
let runs: Run[];

beforeEach(() => {
  folders = [];
  runs = [];
});
afterEach(async () => {
  for (const run of runs) run.process.kill('SIGKILL');
  await Promise.all(runs.map((run) => run.process));
  for (const folder of folders) folder.remove();
});

/** `mesh up` in a data folder of its own, as a process; resolves when it says that it runs. */
async function startMesh(): Promise<Run> {
  const folder = makeTempDir('up');
  folders.push(folder);
  const env = { MESH_DATA_DIR: folder.path, NATS_URL: '', FORCE_COLOR: '0' };
  const mesh = execa('node', [MESH, 'up', '--events-per-minute', '600'], { cwd: ROOT, env, reject: false, all: true, buffer: false });
  let output = '';
  mesh.all.on('data', (data) => (output += String(data)));
  const run = { process: mesh, dataDir: folder.path, output: () => output };
  runs.push(run);
  await vi.waitFor(() => expect(output).toContain('The mesh is running'), { timeout: 60_000, interval: 100 });
  return run;
}

function readPids({ dataDir }: Run): number[] {
  const file = JSON.parse(readFileSync(join(dataDir, 'run.json'), 'utf8')) as { pids: Record<string, number> };
  expect(Object.keys(file.pids).sort()).toEqual(['host', 'nats-server', 'publisher', 'sandbox']);
  return Object.values(file.pids);
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('mesh up', () => {
  it('runs beside another, shows events and outcomes, and leaves no process behind at Ctrl-C', { timeout: 120_000 }, async () => {
    const [one, other] = [await startMesh(), await startMesh()];
    for (const run of [one, other]) {
      await vi.waitFor(() => expect(run.output()).toMatch(/● contact\.created .*acme\/hubspot\/contact/), { timeout: 20_000 });
      await vi.waitFor(() => expect(run.output()).toMatch(/contact-table ✓ done/), { timeout: 20_000 });
    }
    const pids = [...readPids(one), ...readPids(other)];
    expect(new Set(pids).size).toBe(8);
    for (const run of [one, other]) {
      run.process.kill('SIGINT');
      expect((await run.process).exitCode).toBe(0);
      expect(existsSync(join(run.dataDir, 'run.json'))).toBe(false);
    }
    expect(pids.filter(lives)).toEqual([]);
  });

  it('prints a curl line that delivers an event', { timeout: 90_000 }, async () => {
    const run = await startMesh();
    const line = /curl -i .*/.exec(run.output())![0];
    const { stdout } = await execa('bash', ['-c', line]);
    expect(stdout).toContain('202 Accepted');
    await vi.waitFor(() => expect(run.output()).toMatch(/● company\.created .*acme\/events\/company\/example-/), { timeout: 20_000 });
  });

  it('takes its processes with it when it is killed itself', { timeout: 90_000 }, async () => {
    const run = await startMesh();
    const pids = readPids(run);
    run.process.kill('SIGKILL');
    await run.process;
    await vi.waitFor(() => expect(pids.filter(lives)).toEqual([]), { timeout: 20_000, interval: 100 });
  });
});
