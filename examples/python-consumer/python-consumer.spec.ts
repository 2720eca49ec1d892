import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { digestMark, escapeToken, type PageQuestion, type RecordKey } from '@crm-mesh/contract';
import { connectNats, type Nats } from '@crm-mesh/jetstream';
import {
  askConsumer,
  comparePlugin,
  type AskConsumer,
  type LedgerReader,
  type Mismatch,
} from '@crm-mesh/reconciliation';
import { makeTempDir, startTestNats, type TempDir, type TestNats } from '@crm-mesh/testing';

const SCRIPT = join(import.meta.dirname, 'reconcile.py');
const SCOPE = { tenant: 'acme', connection: 'hubspot', entity: 'contact' };
const IDS = [...Array.from({ length: 2_500 }, (_, index) => String(index)), 'ü', 'a b', 'Z', '~'];
const PLACES = IDS.map(escapeToken).toSorted();
/** What the ledger has: each record in version 2. */
const LINES = PLACES.map((place) => `${place}\t2`);

const python = ['python3', 'python'].find((name) => {
  const { status, stdout } = spawnSync(name, ['-c', 'import sys; print(sys.version_info >= (3, 8))'], {
    encoding: 'utf8',
  });
  return status === 0 && stdout.trim() === 'True';
});
if (!python) console.warn('NOT TESTED: the consumer in Python: there is no python3 ≥ 3.8 on PATH');

const ledger: LedgerReader = {
  readRanges: async () =>
    Array.from({ length: Math.ceil(PLACES.length / 100) }, (_, index) => {
      const inside = PLACES.slice(index * 100, index * 100 + 100);
      const [next] = PLACES.slice(index * 100 + 100);
      const digest = inside.reduce((sum, place) => sum + digestMark(place, 2), 0);
      return { from: index === 0 ? '' : inside[0]!, ...(next ? { to: next } : {}), records: inside.length, digest };
    }),
  readMarks: async ({ from, to, limit }: Omit<PageQuestion, 'ask'>) => {
    const inside = PLACES.filter((place) => place >= from && (to === undefined || place < to)).slice(0, limit);
    const packed = inside.map((place) => `${place}\t2`).join('\n');
    return { packed, records: inside.length, ...(inside.length < limit ? {} : { after: inside.at(-1)! }) };
  },
  getMany: async (keys: readonly RecordKey[]) =>
    keys.map((key) => {
      if (!IDS.includes(key.id)) return undefined;
      const times = { modifiedAtMs: 0, contentAtMs: 0, seenAtMs: 0 };
      return { key, version: 2, state: 'present' as const, hash: '', sequence: 1, ...times, aliases: [] };
    }),
};

describe.skipIf(!python)('a consumer in Python', () => {
  let server: TestNats;
  let nats: Nats;
  let temp: TempDir;
  let service: ChildProcess;
  let ask: AskConsumer;

  beforeAll(async () => {
    server = await startTestNats();
    nats = await connectNats({ name: 'test', url: server.url });
    temp = makeTempDir('python');
    const file = join(temp.path, 'contacts.db');
    service = spawn(python!, [SCRIPT, server.url, 'contacts-in-python', file], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    ask = askConsumer(nats, 'contacts-in-python');
    await vi.waitFor(() => ask({ ask: 'holdings' }), { timeout: 30_000, interval: 50 });
    fillByScript(file);
  });
  afterAll(async () => {
    if (service && service.exitCode === null) {
      service.kill();
      await once(service, 'exit');
    }
    await nats?.close();
    await server?.stop();
    temp?.remove();
  });

  /** By what the script does with events. */
  function fillByScript(file: string): void {
    const program = `
import json, sys
sys.path.insert(0, sys.argv[1])
import reconcile
database = reconcile.sqlite3.connect(sys.argv[2])
for place in json.load(sys.stdin):
    event = {'tenant': 'acme', 'recordversion': 2, 'origin': 'webhook', 'data': {'email': 'a@example.com'}}
    reconcile.apply(database, event, f'crm.acme.hubspot.contact.updated.{place}')
database.commit()`;
    const args = ['-B', '-c', program, import.meta.dirname, file];
    const done = spawnSync(python!, args, { input: JSON.stringify(PLACES), encoding: 'utf8' });
    expect(done.stderr).toBe('');
  }

  const edit = (sql: string) => {
    const database = new Database(join(temp.path, 'contacts.db'));
    database.exec(sql);
    database.close();
  };

  async function compare(pageSize = 10_000): Promise<Mismatch[]> {
    const comparison = comparePlugin({ ask, ledger, scope: SCOPE, settledUpTo: async () => 10, pageSize });
    const found: Mismatch[] = [];
    for await (const step of comparison.steps(undefined, new AbortController().signal)) found.push(...step.found);
    return found;
  }

  it('agrees with the ledger, by digests and in pages', async () => {
    expect(await ask({ ask: 'holdings' })).toMatchObject({ entities: ['contact'], digests: true });
    expect(await compare()).toEqual([]);
    const { packed } = await ask({ ask: 'page', ...SCOPE, from: '', limit: 10_000 });
    expect(packed.split('\n')).toEqual(LINES);
  });

  it.each([10_000, 7])('shows what was edited and deleted there, in pages of %d', async (pageSize) => {
    edit("UPDATE contacts SET email = 'edited@example.com' WHERE place = '17'");
    edit("DELETE FROM contacts WHERE place = '%C3%BC'");
    expect((await compare(pageSize)).map(({ record, kind }) => `${record.id} ${kind}`)).toEqual([
      'ü missing',
      '17 edited',
    ]);
  });

  it('says what it cannot answer', async () => {
    await expect(ask({ ask: 'page', ...SCOPE, entity: 'deal', from: '', limit: 1 })).rejects.toMatchObject({
      code: 'MESH_RECONCILE_FAILED',
      what: expect.stringMatching(/only contacts are held here/),
    });
  });
});
