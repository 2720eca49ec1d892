import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MeshError } from '@crm-mesh/contract';
import { connectNats, type Nats } from '@crm-mesh/jetstream';
import { JetStreamStrategy } from '@crm-mesh/jetstream/nest';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MESH } from './mesh-command.fixture.js';

vi.setConfig({ testTimeout: 90_000 });

// Of fields that could not be read: what people see of them, and how they have them told again.

const { NATS_URL: _url, NATS_CONTEXT: _context, MESH_CONFIG: _config, ...ENV } = process.env;
const folder = mkdtempSync(join(tmpdir(), 'mesh-left-out-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function runMesh(...args: string[]) {
  const options = { cwd: folder, env: { ...ENV, NO_COLOR: '1' }, extendEnv: false, reject: false, timeout: 80_000 };
  const { exitCode, stdout, stderr } = await execa(process.execPath, [MESH, ...args], options);
  return { exitCode, stdout, stderr };
}

describe('source map', () => {
  const shop = { tenant: 'acme', source: 'cloudevents', config: { tokens: ['t'] } };
  const connections = [
    { name: 'shop', ...shop },
    { name: 'mended', ...shop, mapping: { entities: { deal: { without: ['closeDate'] } } } },
  ];
  const config = join(folder, 'mesh.yaml');
  writeFileSync(config, JSON.stringify({ connections }));

  function record(connection: string, data: object): string {
    const event = { specversion: '1.0', id: 'e1', source: '/shop', type: 'deal.updated', subject: 'deal/7', data };
    const headers = { 'content-type': 'application/cloudevents+json' };
    const file = join(folder, 'webhook.json');
    writeFileSync(file, JSON.stringify({ url: `/webhooks/acme/${connection}`, headers, body: JSON.stringify(event) }));
    return file;
  }

  const map = (connection: string, data: object, ...more: string[]) =>
    runMesh(...more, '--config', config, 'source', 'map', '--sample', record(connection, data));

  it.each<[name: string, connection: string, data: object, exitCode: number, shown: RegExp[], hidden: RegExp]>([
    [
      'a field that cannot be read is named, and why; the record is told without it',
      'shop',
      { status: 'open', name: 'Kiln', closeDate: 'soon' },
      1,
      [/^✓ deal\/7/, /"name": "Kiln"/, /left out: deal\.closeDate: .*day or timestamp/, /left over: .*subject/],
      /"closeDate"|refused|unread/,
    ],
    [
      'what a rule takes away is not missed',
      'mended',
      { status: 'open', closeDate: 'soon' },
      0,
      [/^✓ deal\/7/],
      /left out:/,
    ],
    [
      'what no deal can be without refuses the record',
      'shop',
      { status: 'nearly', amount: 'much' },
      1,
      [/^✗ deal\/7/, /status must be/, /left out: deal\.amount: .*without a currency/],
      /^✓/,
    ],
  ])('%s', async (_name, connection, data, exitCode, shown, hidden) => {
    const text = await map(connection, data);
    expect([text.exitCode, text.stderr]).toEqual([exitCode, '']);
    for (const each of shown) expect(text.stdout).toMatch(each);
    expect(text.stdout).not.toMatch(hidden);
  });

  it('gives the fields to scripts beside the record', async () => {
    const { exitCode, stdout } = await map('shop', { status: 'open', closeDate: 'soon' }, '--json');
    expect(exitCode).toBe(1);
    const unread = [{ field: 'closeDate', why: expect.stringContaining('day or timestamp') as string }];
    expect(JSON.parse(stdout)).toMatchObject({
      connection: 'acme/shop',
      records: [{ entity: 'deal', id: '7', mapped: { record: { status: 'open' }, unread } }],
    });
  });
});

describe('of a running mesh', () => {
  let server: TestNats;
  let nats: Nats;
  /** What the publisher was asked, and what it answers to each. */
  const asked: Record<string, unknown>[] = [];
  let answers: object[] = [];
  let sources: object[];

  beforeAll(async () => {
    server = await startTestNats();
    nats = await connectNats({ name: 'publisher', url: server.url });
    const publisher = new JetStreamStrategy({ nats, app: 'publisher', version: '1.0.0' });
    publisher.addHandler('sources', () => Promise.resolve(sources));
    publisher.addHandler('retell', (request: Record<string, unknown>) => {
      asked.push(request);
      const answer = answers.shift();
      return answer
        ? Promise.resolve(answer)
        : Promise.reject(new MeshError('MESH_CONNECTION_UNKNOWN', 'No acme/none.'));
    });
    await new Promise((resolve) => publisher.listen(resolve));
    await nats.flush();
  });
  afterAll(async () => {
    await nats?.close();
    await server?.stop();
  });

  const ask = (...args: string[]) => runMesh('--server', server.url, ...args);

  it('source status counts the records by field, and names the cure where there are some', async () => {
    const plain = { tenant: 'acme', source: 'hubspot', listens: {}, leads: true, perMinute: 0, polls: [] };
    const unread = [
      { entity: 'deal', field: 'amount', records: 1_200 },
      { entity: 'contact', field: 'address.country', records: 1 },
    ];
    sources = [
      { ...plain, name: 'hubspot', unread },
      { ...plain, name: 'whole', unread: [] },
    ];
    const { exitCode, stdout } = await ask('source', 'status');
    // They are told: nothing fails.
    expect(exitCode).toBe(0);
    expect(stdout).toContain('acme/hubspot left out: deal.amount 1,200, contact.address.country 1\n');
    expect(stdout).toContain('mend the mapping, then: mesh source retell acme/hubspot');
    expect(stdout).not.toContain('acme/whole left out');
    const json = await ask('--json', 'source', 'status');
    expect(JSON.parse(json.stdout)).toMatchObject([
      { name: 'hubspot', unread },
      { name: 'whole', unread: [] },
    ]);
  });

  it('source retell asks page by page, with what was wished, and adds up', async () => {
    asked.length = 0;
    answers = [
      { retold: 200, untold: 0, after: { entity: 'deal', id: '9' } },
      { retold: 0, untold: 0, after: { entity: 'deal', id: '99' } },
      { retold: 1_000, untold: 0 },
    ];
    const wish = ['--entity', 'deal', '--field', 'amount', '--as', 'ann'];
    const { exitCode, stdout, stderr } = await ask('source', 'retell', 'acme/hubspot', ...wish);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toBe('✓ 1,200 records go through the mapping again');
    const request = { tenant: 'acme', connection: 'hubspot', entity: 'deal', field: 'amount', by: 'ann' };
    const afters = [undefined, { entity: 'deal', id: '9' }, { entity: 'deal', id: '99' }];
    expect(asked).toEqual(afters.map((after) => (after ? { ...request, after } : request)));
  });

  it('source retell says what it cannot tell, why, and exits with 1', async () => {
    answers = [{ retold: 1, untold: 1_500 }];
    const { exitCode, stdout } = await ask('source', 'retell', 'acme/fat');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/1,500 cannot: their source cannot read them/);
  });

  it.each([
    ['acme', 2, 'MESH_USAGE'],
    ['acme/none', 1, 'MESH_CONNECTION_UNKNOWN'],
  ])('source retell of %s is exit code %i', async (name, exitCode, code) => {
    answers = [];
    const json = await ask('--json', 'source', 'retell', name);
    expect([json.exitCode, JSON.parse(json.stdout)]).toMatchObject([exitCode, { error: { code } }]);
  });
});
