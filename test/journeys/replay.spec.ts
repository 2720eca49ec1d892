import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStore } from '@crm-mesh/store';
import { startTestMesh, type TestMesh } from './test-mesh.js';

const ROOT = join(import.meta.dirname, '../..');
const MESH = join(ROOT, 'apps/cli/bin/mesh.js');

let mesh: TestMesh;
let minute = 0;

beforeAll(async () => void (mesh = await startTestMesh()));
afterAll(() => mesh.stop());

/** Whole states, so that each is an event. */
const tell = (type: string, id: string) =>
  mesh.send(type, { id, name: `name ${++minute}` }, { time: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString() });

/** The command's exit code and JSON document. */
async function runMesh(...args: string[]) {
  const command = [MESH, '--json', '--server', mesh.server.url, ...args];
  const { exitCode, stdout } = await execa(process.execPath, command, { cwd: mesh.folder, reject: false });
  return { exitCode, answer: JSON.parse(stdout) as Record<string, unknown> };
}

async function runs(name: string): Promise<void> {
  await vi.waitFor(async () => expect(await mesh.nats.durableState('CRM_EVENTS', name)).toBeDefined(), {
    timeout: 15_000,
  });
}

async function directSettled(name: string): Promise<void> {
  await vi.waitFor(
    async () => expect(await mesh.nats.durableState('CRM_DIRECT', name)).toMatchObject({ pending: 0, ackPending: 0 }),
    { timeout: 15_000 },
  );
}

describe('mesh replay', () => {
  it('sends old events again to one plugin: what the inbox knows is skipped, unless somebody says --again', async () => {
    mesh.writePlugin('teller', { events: "'deal.*'" });
    mesh.writePlugin('other', { events: "'deal.*'" });
    await Promise.all(['teller', 'other'].map(runs));
    for (const id of ['D-1', 'D-2', 'D-1', 'D-1']) await tell('deal.updated', id);
    await mesh.settled('teller', 'other');
    const before = mesh.effects('teller');

    const known = await runMesh('replay', 'teller', '--from', '1');
    expect(known).toMatchObject({ exitCode: 0, answer: { consumer: 'teller', sent: 0, skipped: 4 } });
    const all = await runMesh('replay', 'teller', '--from', '1h', '--again', '--as', 'ann', '--rate', '500');
    expect(all).toMatchObject({ exitCode: 0, answer: { sent: 4, skipped: 0 } });
    await vi.waitFor(() => expect(mesh.effects('teller')).toHaveLength(8));
    const again = mesh.effects('teller').slice(4);
    const ofOne = (lines: string[]) => lines.filter((line) => line.startsWith('D-1'));
    expect(ofOne(again)).toEqual(ofOne(before));
    expect(again.toSorted()).toEqual(before.toSorted());
    expect(mesh.effects('other')).toHaveLength(4);
  });

  it('sends a part of them, at a bounded rate', async () => {
    mesh.writePlugin('part', { events: "'company.*'" });
    await runs('part');
    for (const id of ['C-1', 'C-2', 'C-1', 'C-3', 'C-1']) await tell('company.updated', id);
    await mesh.settled('part');
    const startedMs = Date.now();
    const part = ['--record', 'acme/shop/company/C-1', '--events', 'company.created,company.updated', '--again'];
    const { answer } = await runMesh('replay', 'part', '--from', '1', ...part, '--rate', '2');
    expect(answer).toMatchObject({ sent: 3, skipped: 0 });
    expect(Date.now() - startedMs).toBeGreaterThan(1_000);
    await vi.waitFor(() => expect(mesh.effects('part')).toHaveLength(8));
    expect(
      mesh
        .effects('part')
        .slice(5)
        .map((line) => line.split(' ')[1]),
    ).toEqual(['1', '2', '3']);
  });

  it('goes on where it was killed, and sends nothing twice', async () => {
    mesh.writePlugin('long', { events: "'lead.*'" });
    await runs('long');
    for (let index = 0; index < 12; index++) await tell('lead.updated', `L-${index % 3}`);
    await mesh.settled('long');
    const args = [MESH, '--server', mesh.server.url, 'replay', 'long', '--from', '1', '--again', '--rate', '4'];
    const killed = execa(process.execPath, args, { cwd: mesh.folder, reject: false });
    let said = '';
    killed.stderr.on('data', (text) => (said += String(text)));
    await vi.waitFor(() => expect(said).toMatch(/[4-9] sent/), { timeout: 20_000 });
    killed.kill('SIGKILL');
    await killed;
    const run = /--resume (\w+)/.exec(said)![1]!;
    const { exitCode, answer } = await runMesh('replay', 'long', '--resume', run);
    expect({ exitCode, ...answer }).toMatchObject({ exitCode: 0, run });
    await directSettled('long');
    const again = mesh.effects('long').slice(12);
    expect(again).toHaveLength(12);
    for (const id of ['L-0', 'L-1', 'L-2'])
      expect(again.filter((line) => line.startsWith(id)).map((line) => line.split(' ')[1])).toEqual([
        '1',
        '2',
        '3',
        '4',
      ]);
  });

  it.each([
    [['--from', '1'], 'nobody', 1, 'MESH_PLUGIN_UNKNOWN'],
    [[], 'teller', 2, 'MESH_USAGE'],
    [['--from', '1', '--events', 'deal.wonn'], 'teller', 2, 'MESH_USAGE'],
    [['--resume', 'abc'], 'teller', 1, 'MESH_REPLAY_UNKNOWN'],
  ])('refuses %j of %s', async (args, plugin, exitCode, code) => {
    expect(await runMesh('replay', plugin, ...args)).toMatchObject({ exitCode, answer: { error: { code } } });
  });
});

describe('a plugin with a sink', () => {
  const url = () => `sqlite:${join(mesh.folder, 'sink.db')}`;

  async function query<Row>(sql: string): Promise<Row[]> {
    const store = await openStore({ url: url(), migrations: [] });
    try {
      return await store.read<Row>(sql);
    } finally {
      await store.close();
    }
  }

  const effects = async () =>
    (await query<{ id: string; version: number }>('SELECT * FROM effects')).map(
      ({ id, version }) => `${id}@${version}`,
    );

  it('knows by its own inbox what is done, runs it again when asked, and shows its receipts', async () => {
    writeFileSync(
      join(mesh.folder, 'plugins/ledger.plugin.ts'),
      `import { definePlugin } from '@crm-mesh/sdk';
       export default definePlugin({ name: 'ledger', events: ['order.*'], sink: () => '${url()}',
         delivery: { startFrom: 'all', idempotency: 'none' },
         async setup({ transaction }) {
           await transaction((tx) => tx.run('CREATE TABLE IF NOT EXISTS effects (id text, version integer)'));
         },
         async handle({ data, recordversion }, { transaction }) {
           return { receipt: await transaction(async (tx) => {
             await tx.run('INSERT INTO effects VALUES (?, ?)', [data.id, recordversion]);
             return { booked: data.id + '@' + recordversion };
           }) };
         } });`,
    );
    await runs('ledger');
    for (const id of ['O-1', 'O-2', 'O-1']) await tell('order.updated', id);
    await mesh.settled('ledger');
    const first = await effects();
    expect(first).toHaveLength(3);

    // The host has no inbox for it: all is sent, and the sink knows it.
    expect(await runMesh('replay', 'ledger', '--from', '1')).toMatchObject({ answer: { sent: 3, skipped: 0 } });
    const counts = () => mesh.host.plugins().find(({ name }) => name === 'ledger')!.consumer!;
    await vi.waitFor(() => expect(counts()).toMatchObject({ acked: 3, skipped: 3 }), { timeout: 15_000 });
    expect(await effects()).toEqual(first);

    expect(await runMesh('replay', 'ledger', '--from', '1', '--again')).toMatchObject({ answer: { sent: 3 } });
    await vi.waitFor(() => expect(counts()).toMatchObject({ acked: 6, skipped: 3 }), { timeout: 15_000 });
    expect((await effects()).toSorted()).toEqual([...first, ...first].toSorted());
    expect(await query('SELECT event_id FROM mesh_inbox')).toHaveLength(3);

    const { answer } = await runMesh('plugin', 'receipts', 'ledger', '--record', 'order/O-1');
    expect(answer['receipts']).toMatchObject([
      { record: 'acme/shop/order/O-1', receipt: { booked: 'O-1@2' } },
      { record: 'acme/shop/order/O-1', receipt: { booked: 'O-1@1' } },
    ]);
  });
});
