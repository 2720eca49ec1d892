import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { listProcesses, MESH, ROOT, startMesh, type StartedMesh } from './mesh-command.fixture.js';
import { readRunFile } from './mesh/run-file.js';
import { keepDemoSecrets } from './supervisor/demo-secrets.js';

const folder = mkdtempSync(join(tmpdir(), 'mesh-command-'));
const [here, there] = [join(folder, 'here'), join(folder, 'there')];
const END_TIMEOUT_MS = 45_000;

let mesh: StartedMesh;
let other: StartedMesh;
/** On the folder of the other. */
let again: StartedMesh;
const started: StartedMesh[] = [];

async function start(dataDir: string): Promise<StartedMesh> {
  const one = await startMesh(dataDir);
  started.push(one);
  return one;
}

/** The command's exit code and JSON document. */
async function runMesh(...args: string[]) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [MESH, '--json', '--data-dir', here, ...args], {
    cwd: ROOT,
    reject: false,
  });
  return { exitCode, answer: stdout === '' ? undefined : (JSON.parse(stdout) as Record<string, unknown>), stderr };
}

async function deliver(type: string, id: string, data: object): Promise<number> {
  const token = keepDemoSecrets(here).eventsToken;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/cloudevents+json' };
  const event = {
    specversion: '1.0',
    id: `${type}-${id}`,
    source: '/test',
    type,
    subject: `${type.split('.')[0]}/${id}`,
    data,
  };
  const response = await fetch(`${mesh.run.urls['publisher']}/webhooks/acme/events`, {
    method: 'POST',
    headers,
    body: JSON.stringify(event),
  });
  return response.status;
}

beforeAll(async () => {
  [mesh, other] = await Promise.all([start(here), start(there)]);
}, 120_000);

afterAll(async () => {
  for (const { child } of started) if (child.exitCode === null) child.kill('SIGTERM');
  await Promise.all(started.map(({ exited }) => exited));
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

describe('mesh up', () => {
  it('runs two side by side, on ports of their own', () => {
    const ports = [mesh, other].flatMap(({ run }) => [...Object.values(run.urls), run.nats.url]);
    expect(new Set(ports).size).toBe(8);
    expect(listProcesses(mesh.run)).toHaveLength(8);
  });

  // What becomes of both is seen at the end: the guards wait 15 s, in which the others are tried.
  it('starts on the folder of one that was ended with kill -9', async () => {
    other.child.kill('SIGKILL');
    await other.exited;
    again = await start(there);
    expect(listProcesses(again.run)).toHaveLength(8);
    // As with a handler that never yields: this one cannot end by itself.
    process.kill(again.run.pids['host']!, 'SIGSTOP');
    again.child.kill('SIGKILL');
  }, 120_000);

  it('says so kindly when one runs on the data folder already', async () => {
    const { exitCode, answer } = await runMesh('up');
    expect(exitCode).toBe(1);
    expect(answer).toMatchObject({ error: { code: 'MESH_ALREADY_RUNNING', what: expect.stringContaining(here) } });
  });

  it('starts an app again that ended by itself', async () => {
    const { pids } = mesh.run;
    process.kill(pids['host']!, 'SIGKILL');
    await vi.waitFor(() => expect(readRunFile(here)?.pids['host']).not.toBe(pids['host']), {
      timeout: 20_000,
      interval: 100,
    });
    mesh.run = readRunFile(here)!;
    await vi.waitFor(async () => expect((await fetch(`${mesh.run.urls['host']}/readyz`)).status).toBe(200), {
      timeout: 20_000,
      interval: 200,
    });
  }, 60_000);
});

describe('the commands that talk to a mesh', () => {
  it('status: all well', async () => {
    await vi.waitFor(async () => {
      const { exitCode, answer } = await runMesh('status');
      expect(answer).toMatchObject({ problems: [], publisher: { app: 'publisher' }, host: { app: 'host' } });
      expect(exitCode).toBe(0);
    }, 20_000);
  });

  it('events tail: an event that was delivered', async () => {
    expect(await deliver('company.created', '1', { name: 'Example Ltd' })).toBe(202);
    const { exitCode, answer } = await runMesh(
      'events',
      'tail',
      '--from',
      '1',
      '--limit',
      '1',
      '--record',
      'acme/events/company/1',
    );
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({ sequence: 1, event: { type: 'crm.company.created', subject: 'company/1' } });
  });

  it('ledger verify and rebuild', async () => {
    await vi.waitFor(async () => {
      const { exitCode, answer } = await runMesh('ledger', 'verify');
      expect([exitCode, answer?.['totalEvents']]).toEqual([0, expect.any(Number) as number]);
    }, 60_000);
    const { exitCode, answer, stderr } = await runMesh('ledger', 'rebuild', '--as', 'ann');
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({ goal: 'rebuild', by: 'ann', ended: { how: 'over' }, found: { different: 0 } });
    expect(stderr).toBe('');
    expect(await runMesh('ledger', 'rebuild', '--cancel')).toMatchObject({ exitCode: 1, answer: null });
  }, 90_000);

  it('dead list, show and redrive', async () => {
    await deliver('deal.created', 'poison', { name: 'Poison', status: 'nearly won' });
    const list = async () =>
      (await runMesh('dead', 'list')).answer as { total: number; deadLetters: { sequence: number }[] };
    const { deadLetters } = await vi.waitFor(async () => {
      const found = await list();
      expect(found.total).toBe(1);
      return found;
    }, 20_000);
    expect(deadLetters[0]).toMatchObject({ sequence: 1, consumer: 'normaliser', record: 'acme/events/deal/poison' });
    expect((await runMesh('dead', 'show', '1')).answer).toMatchObject({ error: { message: expect.any(String) } });
    expect(await runMesh('dead', 'redrive', '1')).toMatchObject({
      exitCode: 0,
      answer: { redriven: [1], missing: [] },
    });
    // Nothing was mended, so that it fails again.
    await vi.waitFor(async () => expect((await list()).deadLetters).toMatchObject([{ sequence: 2 }]), 20_000);
    expect(await runMesh('dead', 'show', '1')).toMatchObject({
      exitCode: 1,
      answer: { error: { code: 'MESH_DEAD_LETTER_MISSING' } },
    });
  }, 90_000);

  it('dead list --groups, patch, redrive --patch and drop', async () => {
    const group = async () => {
      const { groups } = (await runMesh('dead', 'list', '--groups')).answer as { groups: Record<string, unknown>[] };
      return groups[0];
    };
    const first = await group();
    expect(first).toMatchObject({ consumer: 'normaliser', count: 1, records: 1 });
    const id = String(first?.['group']);
    const selected = ['--group', id, '--record', 'deal/poison', '--since', '1h'];
    const file = join(folder, 'fix.ts');
    writeFileSync(
      file,
      `import { definePatch, type Notification } from '@crm-mesh/sdk';
       export default definePatch<Notification>((notification) => {
         const { data } = notification.payload as { data: { status: string } };
         data.status = 'won';
         return notification;
       });`,
    );
    // None of these changes anything.
    const [tried, none, unsure] = await Promise.all([
      runMesh('dead', 'patch', ...selected, '--with', file),
      runMesh('dead', 'patch', ...selected, '--until', '1h', '--with', file),
      runMesh('dead', 'drop', '2'),
    ]);
    expect(tried).toMatchObject({
      exitCode: 0,
      answer: { selected: 1, sample: [{ sequence: 2, kind: 'patched', after: { id: 'poison' } }] },
    });
    expect(none.answer).toMatchObject({ selected: 0 });
    expect(unsure).toMatchObject({ exitCode: 2, answer: { error: { code: 'MESH_USAGE' } } });
    expect(await runMesh('dead', 'redrive', ...selected, '--patch', file, '--rate', '5', '--as', 'ann')).toMatchObject({
      exitCode: 0,
      answer: { redriven: [2], missing: [], refused: [] },
    });
    const told = await runMesh('events', 'tail', '--from', '1', '--limit', '1', '--record', 'acme/events/deal/poison');
    expect(told.answer).toMatchObject({ event: { data: { status: 'won' } } });
    await deliver('deal.created', 'poison2', { name: 'Poison', status: 'nearly won' });
    await vi.waitFor(async () => expect(await group()).toMatchObject({ group: id, count: 1 }), 20_000);
    expect(await runMesh('dead', 'drop', '--group', id, '--yes')).toMatchObject({ answer: { dropped: [3] } });
    expect(await group()).toBeUndefined();
  }, 90_000);

  it('explain: one record, whole or by entity and id, and one that nobody knows', async () => {
    const [{ exitCode, answer }, short, unknown] = await Promise.all([
      runMesh('explain', 'acme/events/company/1'),
      runMesh('explain', 'company/1', '--values'),
      runMesh('explain', 'company/none'),
    ]);
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({
      record: 'acme/events/company/1',
      ledger: { version: 1, state: 'present' },
      timeline: expect.arrayContaining([
        expect.objectContaining({ kind: 'notification', fate: 'told', version: 1 }),
        expect.objectContaining({ kind: 'event', type: 'company.created', changed: ['id', 'name'] }),
      ]),
      plugins: expect.arrayContaining([expect.objectContaining({ consumer: 'audit-log', state: 'running' })]),
      away: [],
    });
    expect(JSON.stringify(answer)).not.toContain('Example Ltd');
    expect(short.answer).toMatchObject({ record: 'acme/events/company/1' });
    expect(JSON.stringify(short.answer)).toContain('Example Ltd');
    expect(unknown).toMatchObject({
      exitCode: 1,
      answer: { error: { code: 'MESH_RECORD_UNKNOWN', cure: expect.any(String) } },
    });
  }, 60_000);

  it('plugin list, pause and resume', async () => {
    const findState = async () => {
      const { plugins } = (await runMesh('plugin', 'list')).answer as { plugins: { name: string; state: string }[] };
      return plugins.find(({ name }) => name === 'audit-log')?.state;
    };
    expect(await runMesh('plugin', 'pause', 'audit-log')).toMatchObject({
      exitCode: 0,
      answer: { name: 'audit-log', state: 'paused' },
    });
    await vi.waitFor(async () => expect(await findState()).toBe('paused'), 20_000);
    expect((await runMesh('plugin', 'resume', 'audit-log')).exitCode).toBe(0);
    await vi.waitFor(async () => expect(await findState()).toBe('running'), 20_000);
  }, 60_000);

  it('doctor: nothing to mend', async () => {
    const { exitCode, answer } = await runMesh('doctor');
    expect(answer).toMatchObject({ ok: true });
    expect(exitCode).toBe(0);
  });

  it.concurrent.each([
    [2, ['dead', 'redrive']],
    [2, ['plugin', 'new', 'No Name']],
    [3, ['--server', 'nats://127.0.0.1:1', 'status']],
  ])('exit code %s for %j', async (code, args) => expect((await runMesh(...args)).exitCode).toBe(code));
});

describe('the end of mesh up', () => {
  it('leaves nothing behind after Ctrl-C in the terminal', async () => {
    // A terminal sends it to the whole group.
    process.kill(-mesh.child.pid!, 'SIGINT');
    expect(await mesh.exited).toBe(0);
    expect(listProcesses(mesh.run)).toEqual([]);
    expect(existsSync(join(here, 'run.json'))).toBe(false);
    expect((await runMesh('status')).exitCode).toBe(3);
  }, 60_000);

  it('leaves nothing behind after a kill -9, whether it is started again on the same folder or not', async () => {
    for (const { run } of [other, again])
      await vi.waitFor(() => expect(listProcesses(run)).toEqual([]), { timeout: END_TIMEOUT_MS, interval: 200 });
  }, 120_000);
});
