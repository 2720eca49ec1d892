import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerEntry } from '@crm-mesh/ledger';
import { testPlugin, type PluginTest } from '@crm-mesh/sdk/testing';
import { openStore, type Store } from '@crm-mesh/store';
import { compare, createLedger, makeEntry } from '../../../libs/reconciliation/src/plugin/two-sides.fixture.js';
import plugin from '../../../plugins/contact-table.plugin.js';

const IDS = [...Array.from({ length: 60 }, (_, index) => String(index)), 'ü', 'a b', 'A', 'a', '~', 'ä/ß'];
/** Where the ledger's ranges begin. */
const BOUNDS = ['1', '2', '3', '4', '5', 'A', 'a'];

/** The shipped plugin's own table, by its own hook, compared as a run compares it. */
export function describeContactTable(makePlace: () => Promise<string>): void {
  describe('the table of contact-table', () => {
    let table: PluginTest<'contact.*'>;
    let database: Store;
    const entries = new Map<string, LedgerEntry>();

    beforeAll(async () => {
      const url = await makePlace();
      table = testPlugin(plugin, { config: { url } });
      for (const id of IDS) {
        await table.send('contact.created', { id, email: 'right@example.com' });
        entries.set(id, makeEntry(id, 1));
      }
      await table.send('contact.updated', { id: '3', email: 'newer@example.com' });
      entries.set('3', makeEntry('3', 2));
      for (const [id, state] of [['7', 'deleted'] as const, ['8', 'erased'] as const]) {
        await table.send(`contact.${state}`, { id });
        entries.set(id, makeEntry(id, 2, { state }));
      }
      database = await openStore({ url, migrations: [] });
    });
    afterAll(async () => {
      await database?.close();
      await table?.close();
    });

    const run = (pageSize = 10_000) =>
      compare({ ask: (question) => table.ask(question), ledger: createLedger(entries, BOUNDS), pageSize });
    const edit = (sql: string) => database.write((tx) => tx.run(sql));
    const find = async (pageSize?: number): Promise<string[]> =>
      (await run(pageSize)).found.map(({ record, kind }) => `${record.id} ${kind}`).toSorted();

    it('agrees by digests alone, and what somebody has done to it is found and mended', async () => {
      expect(await table.ask({ ask: 'holdings' })).toMatchObject({ entities: ['contact'], digests: true });
      expect(await run()).toMatchObject({ found: [], rows: 0, compared: IDS.length - 2 });

      await edit("UPDATE crm_contacts SET email = 'edited@example.com' WHERE id = '1'");
      await edit("DELETE FROM crm_contacts WHERE id IN ('2', 'ü')");
      await edit("UPDATE crm_contacts SET version = 9 WHERE id = '3'");
      await edit("UPDATE crm_contacts SET state = 'active' WHERE id = '7'");
      await edit(
        "INSERT INTO crm_contacts (tenant, connection, id, state, version) VALUES ('acme', 'hubspot', 'x', 'active', 1)",
      );
      const differing = ['1 edited', '2 missing', '3 ahead', '7 extra', 'x extra', 'ü missing'];
      expect(await find()).toEqual(differing);
      expect(await find(5)).toEqual(differing);

      for (const id of ['1', '2', '3', '7', 'ü']) {
        const { version, state } = entries.get(id)!;
        const type = state === 'present' ? 'contact.updated' : 'contact.deleted';
        await table.send(type, { id, email: 'right@example.com' }, { version, origin: 'repair' });
      }
      expect(await find()).toEqual(['x extra']);
      const mended = await database.read("SELECT email, state FROM crm_contacts WHERE id IN ('1', '7') ORDER BY id");
      expect(mended).toEqual([
        { email: 'right@example.com', state: 'active' },
        { email: null, state: 'deleted' },
      ]);
      await edit("DELETE FROM crm_contacts WHERE id = 'x'");
      expect(await run()).toMatchObject({ found: [], rows: 0 });
    });
  });
}
