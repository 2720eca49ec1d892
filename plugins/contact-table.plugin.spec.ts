import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestMark } from '@crm-mesh/sdk';
import { testPlugin, type PluginTest } from '@crm-mesh/sdk/testing';
import plugin from './contact-table.plugin.js';

let folder: string;
let test: PluginTest<'contact.*'>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'contact-table-'));
  test = testPlugin(plugin, { config: { url: `sqlite:${join(folder, 'contacts.db')}` } });
});
afterEach(async () => {
  await test.close();
  rmSync(folder, { recursive: true });
});

function readRows(): unknown[] {
  const database = new Database(join(folder, 'contacts.db'), { readonly: true });
  try {
    return database.prepare('SELECT id, version, state, merged_into, email FROM crm_contacts ORDER BY id').all();
  } finally {
    database.close();
  }
}

describe('contact-table', () => {
  it('inserts and updates', async () => {
    await test.send('contact.created', { id: '1', email: 'old@example.com' });
    const run = await test.send('contact.updated', { id: '1', email: 'new@example.com' });
    expect(run.outcome).toBe('done');
    expect(readRows()).toEqual([{ id: '1', version: 2, state: 'active', merged_into: null, email: 'new@example.com' }]);
    expect(JSON.stringify(test.logs)).not.toContain('example.com');
  });

  it('keeps contacts of several accounts apart', async () => {
    await test.send('contact.created', { id: '1' });
    await test.send('contact.created', { id: '1' }, { connection: 'my crm.eu' });
    expect(readRows()).toHaveLength(2);
  });

  it('skips stale and repeated versions', async () => {
    await test.send('contact.updated', { id: '1', email: 'three@example.com' }, { version: 3 });
    expect((await test.send('contact.updated', { id: '1', email: 'two@example.com' }, { version: 2 })).outcome).toBe(
      'done',
    );
    await test.send('contact.updated', { id: '1', email: 'again@example.com' }, { version: 3 });
    expect(readRows()).toMatchObject([{ version: 3, email: 'three@example.com' }]);
  });

  it.each([
    ['contact.deleted', 'deleted'],
    ['contact.erased', 'erased'],
  ] as const)(
    '%s leaves a mark without personal data, which an older event does not overwrite',
    async (type, state) => {
      await test.send('contact.created', { id: '1', email: 'a@example.com' }, { version: 1 });
      await test.send(type, { id: '1' }, { version: 3 });
      await test.send('contact.updated', { id: '1', email: 'late@example.com' }, { version: 2 });
      expect(readRows()).toEqual([{ id: '1', version: 3, state, merged_into: null, email: null }]);
    },
  );

  it('brings a restored one back', async () => {
    await test.send('contact.deleted', { id: '1' });
    await test.send('contact.restored', { id: '1', email: 'back@example.com' });
    expect(readRows()).toMatchObject([{ version: 2, state: 'active', email: 'back@example.com' }]);
  });

  it('takes the end of a record that was swallowed for what it is', async () => {
    await test.send('contact.created', { id: '2', email: 'two@example.com' });
    await test.send('contact.deleted', { id: '2', mergedInto: '1' }, { version: 2 });
    expect(readRows()).toEqual([{ id: '2', version: 2, state: 'merged', merged_into: '1', email: null }]);
    await test.send('contact.restored', { id: '2', email: 'two@example.com' }, { version: 3 });
    expect(readRows()).toMatchObject([{ id: '2', state: 'active', merged_into: null }]);
  });

  it('marks what a merge has swallowed, known or not, and can do it twice', async () => {
    await test.send('contact.created', { id: '2', email: 'two@example.com' });
    const { event } = await test.send('contact.merged', { id: '1', email: 'one@example.com', mergedIds: ['2', '3'] });
    await test.sendEvent(event);
    expect(readRows()).toEqual([
      { id: '1', version: 1, state: 'active', merged_into: null, email: 'one@example.com' },
      { id: '2', version: 1, state: 'merged', merged_into: '1', email: null },
      { id: '3', version: 0, state: 'merged', merged_into: '1', email: null },
    ]);
  });

  it('does not bring a swallowed one back by a late update, but by a restore', async () => {
    await test.send('contact.created', { id: '2' });
    await test.send('contact.merged', { id: '1', mergedIds: ['2'] });
    await test.send('contact.updated', { id: '2', email: 'late@example.com' });
    expect(readRows()).toMatchObject([{ id: '1' }, { id: '2', state: 'merged', email: null }]);
    await test.send('contact.restored', { id: '2', email: 'back@example.com' });
    expect(readRows()).toMatchObject([{ id: '1' }, { id: '2', state: 'active', email: 'back@example.com' }]);
  });

  it.each([
    ['again', 2],
    ['late, as an older version', 3],
  ])('a merge that is told %s leaves what was restored since', async (_, winnerVersion) => {
    await test.send('contact.created', { id: '2' });
    const { event } = await test.send('contact.merged', { id: '1', mergedIds: ['2'] }, { version: 2 });
    await test.send('contact.restored', { id: '2', email: 'back@example.com' });
    if (winnerVersion > 2) await test.send('contact.updated', { id: '1' }, { version: winnerVersion });
    await test.sendEvent(event);
    expect(readRows()).toMatchObject([
      { id: '1', version: winnerVersion },
      { id: '2', state: 'active', email: 'back@example.com' },
    ]);
  });

  it('a merge and a restore that overtake each other: what the CRM did last counts', async () => {
    const [first, last] = ['2026-01-15T10:00:00+01:00', '2026-01-15T09:00:01Z'];
    await test.send('contact.restored', { id: '2', email: 'two@example.com' }, { time: last });
    await test.send('contact.merged', { id: '1', mergedIds: ['2'] }, { time: first });
    await test.send('contact.merged', { id: '3', mergedIds: ['4'] }, { time: last });
    await test.send('contact.restored', { id: '4', email: 'four@example.com' }, { time: first });
    expect(readRows()).toMatchObject([
      { id: '1' },
      { id: '2', state: 'active', email: 'two@example.com' },
      { id: '3' },
      { id: '4', state: 'merged', email: null },
    ]);
  });

  it.each(['1', '3'])('marks all that a merge has swallowed, though the first try failed at row %s', async (id) => {
    await test.send('contact.created', { id: '2' });
    const database = new Database(join(folder, 'contacts.db'));
    database.exec(
      `CREATE TRIGGER refuse BEFORE INSERT ON crm_contacts WHEN NEW.id = '${id}' BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
    const run = await test.send('contact.merged', { id: '1', mergedIds: ['2', '3'] });
    expect(run.settled).toBe('buried');
    database.exec('DROP TRIGGER refuse');
    database.close();
    await test.sendEvent(run.event);
    expect(readRows()).toMatchObject([{ id: '1' }, { id: '2', state: 'merged' }, { id: '3', state: 'merged' }]);
  });

  it('goes on with a table that an older version made', async () => {
    const database = new Database(join(folder, 'contacts.db'));
    const texts = ['tenant', 'connection', 'id', 'state', 'merged_into', 'email', 'first_name', 'last_name', 'phone'];
    database.exec(
      `CREATE TABLE crm_contacts (${[...texts, 'company_id', 'modified_at'].map((name) => `${name} text`).join(', ')},
       version integer NOT NULL, PRIMARY KEY (tenant, connection, id))`,
    );
    database.close();
    expect((await test.send('contact.created', { id: '1' })).outcome).toBe('done');
    expect((await test.send('contact.restored', { id: '1' })).outcome).toBe('done');
    expect(readRows()).toMatchObject([{ id: '1', version: 2 }]);
  });

  describe('can be compared', () => {
    const scope = { tenant: 'acme', connection: 'hubspot', entity: 'contact' };
    const marks = async () => (await test.ask({ ask: 'page', ...scope, from: '', limit: 100 })).packed.split('\n');

    function edit(sql: string): void {
      const database = new Database(join(folder, 'contacts.db'));
      database.exec(sql);
      database.close();
    }

    it('says what it holds, and not what is gone', async () => {
      for (const id of ['1', '2', '3', '4']) await test.send('contact.created', { id, email: 'a@example.com' });
      await test.send('contact.deleted', { id: '1' });
      await test.send('contact.erased', { id: '2' });
      await test.send('contact.merged', { id: '4', mergedIds: ['3'] });
      expect(await test.ask({ ask: 'holdings' })).toMatchObject({ entities: ['contact'], digests: true });
      expect(await marks()).toEqual(['4\t2']);
    });

    it('shows what was edited, and a repair of the same version mends it', async () => {
      await test.send('contact.created', { id: '1', email: 'right@example.com' });
      edit("UPDATE crm_contacts SET email = 'wrong@example.com'");
      expect(await marks()).toEqual(['1\t1!']);
      await test.send('contact.updated', { id: '1', email: 'right@example.com' }, { version: 1 });
      expect(await marks()).toEqual(['1\t1!']);
      await test.send('contact.updated', { id: '1', email: 'right@example.com' }, { version: 1, origin: 'repair' });
      expect(await marks()).toEqual(['1\t1']);
      expect(readRows()).toMatchObject([{ version: 1, email: 'right@example.com' }]);
    });

    it.each([
      ['deletes it', 'DELETE FROM crm_contacts'],
      ['sets its version up', 'UPDATE crm_contacts SET version = 99'],
      ['calls it deleted', "UPDATE crm_contacts SET state = 'deleted'"],
      ['calls it merged', "UPDATE crm_contacts SET state = 'merged', merged_into = '9'"],
    ])('a repair brings the row back when somebody %s', async (_, sql) => {
      await test.send('contact.created', { id: '1', email: 'right@example.com' });
      edit(sql);
      expect(await marks()).not.toEqual(['1\t1']);
      await test.send('contact.updated', { id: '1', email: 'right@example.com' }, { version: 1, origin: 'repair' });
      expect(await marks()).toEqual(['1\t1']);
      expect(readRows()).toMatchObject([
        { version: 1, state: 'active', merged_into: null, email: 'right@example.com' },
      ]);
    });

    it('a repair that tells an end takes the row away, and an older one changes nothing', async () => {
      await test.send('contact.created', { id: '1' });
      await test.send('contact.deleted', { id: '1' }, { version: 2, origin: 'repair' });
      expect(await marks()).toEqual(['']);
      await test.send('contact.updated', { id: '1', email: 'late@example.com' }, { version: 1, origin: 'repair' });
      expect(readRows()).toMatchObject([{ version: 2, state: 'deleted', email: null }]);
    });

    it('knows the rows of a table that an older version made', async () => {
      await test.send('contact.created', { id: '1' });
      const texts = ['tenant', 'connection', 'id', 'state', 'merged_into', 'email', 'first_name', 'last_name', 'phone'];
      await test.close();
      edit(`DROP TABLE crm_contacts;
        CREATE TABLE crm_contacts (${[...texts, 'company_id', 'modified_at'].map((name) => `${name} text`).join(', ')},
          version integer NOT NULL, PRIMARY KEY (tenant, connection, id));
        INSERT INTO crm_contacts (tenant, connection, id, state, version)
          VALUES ('acme', 'hubspot', '1', 'active', 3), ('acme', 'hubspot', 'ü', 'active', 1), ('acme', 'hubspot', '2', 'merged', 1)`);
      test = testPlugin(plugin, { config: { url: `sqlite:${join(folder, 'contacts.db')}` } });
      expect(await marks()).toEqual(['%C3%BC\t1', '1\t3']);
      const { digests } = await test.ask({ ask: 'digests', ...scope, ranges: [{ from: '' }] });
      const digest = digestMark('%C3%BC', '1') + digestMark('1', '3');
      expect(digests).toEqual([{ records: 2, digest: String(digest) }]);
    });
  });

  it('takes a database that is locked for unavailable', async () => {
    await test.send('contact.created', { id: '1' });
    const other = new Database(join(folder, 'contacts.db'));
    other.exec('BEGIN IMMEDIATE');
    expect(await test.send('contact.updated', { id: '1' })).toMatchObject({
      outcome: 'unavailable',
      settled: 'waiting',
    });
    other.close();
  });

  it('does not begin without a database', async () => {
    const away = testPlugin(plugin, { config: { url: 'postgres://127.0.0.1:1/none' } });
    await expect(away.send('contact.created')).rejects.toThrow(/ECONNREFUSED/);
  });
});
