import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestMark, escapeToken, type PageAnswer, type PlaceRange } from '@crm-mesh/contract';
import { definePlugin, reconcileTable, type ReconcileContext } from '@crm-mesh/sdk';
import { openSink, type Sink } from '@crm-mesh/sdk/running';
import { describeContactTable } from './stores/contact-table.js';
import { listStoreKinds } from './stores/places.js';

// What `reconcileTable` says of a table, on both databases.

const LOG = { debug() {}, info() {}, warn() {}, error() {} };
const SCOPE = { tenant: 'acme', connection: 'hubspot', entity: 'contact' };
const IDS = ['1', '10', '2', 'A', 'a', '_', '~', 'ü', 'a b', 'a.b', 'ä/ß', '-', '100', 'Z'];

const contacts = reconcileTable({ table: 'contacts', entity: 'contact', watch: ['email'], held: "state = 'there'" });

const kinds = await listStoreKinds();
for (const { name, absent } of kinds) if (absent) console.warn(`NOT TESTED: reconcileTable on ${name}: ${absent}`);

describe.each(kinds)('a table on $name', (kind) => {
  kind.use();

  describe.skipIf(kind.absent !== undefined)('is compared', () => {
    let sink: Sink;
    let context: ReconcileContext;

    beforeAll(async () => {
      const url = await kind.makePlace();
      sink = (await openSink(definePlugin({ name: 'probe', events: ['*'], sink: () => url, handle() {} }), {}))!;
      const signal = new AbortController().signal;
      context = { config: {}, signal, log: LOG, injected: [], sink: sink.reader };
    });
    beforeEach(async () => {
      await run('DROP TABLE IF EXISTS contacts');
      await run(
        `CREATE TABLE contacts (tenant text, connection text, id text, version integer, email text, state text)`,
      );
      await contacts.prepare(sink.transaction);
    });
    afterAll(() => sink?.close());

    const run = (sql: string, values: (string | number)[] = []) => sink.transaction((tx) => tx.run(sql, values));
    const ask = (range: PlaceRange & { limit?: number }): Promise<PageAnswer> =>
      contacts.reconcile.page({ ask: 'page', ...SCOPE, limit: 100, ...range }, context);
    const askDigests = (ranges: PlaceRange[]) =>
      contacts.reconcile.digests({ ask: 'digests', ...SCOPE, ranges }, context);

    async function put(id: string, version: number, { state = 'there', email = 'a@example.com' } = {}): Promise<void> {
      const { mesh_place, mesh_digest } = contacts.stamp(id, version);
      const row = ['acme', 'hubspot', id, version, email, state, mesh_place, mesh_digest];
      await run(
        `INSERT INTO contacts (tenant, connection, id, version, email, state, mesh_place, mesh_digest)
         VALUES (${row.map(() => '?').join(', ')})`,
        row,
      );
    }

    it('in pages, in the order of places, whatever the size of a page', async () => {
      for (const [index, id] of IDS.entries()) await put(id, index + 1);
      const lines = IDS.map((id, index) => `${escapeToken(id)}\t${index + 1}`).toSorted();
      expect((await ask({ from: '' })).packed.split('\n')).toEqual(lines);
      for (const limit of [1, 3, IDS.length]) {
        const read: string[] = [];
        for (let from: string | undefined = ''; from !== undefined;) {
          const { packed, after }: PageAnswer = await ask({ from, limit });
          if (packed !== '') read.push(...packed.split('\n'));
          from = after === undefined ? undefined : `${after}!`;
        }
        expect(read).toEqual(lines);
      }
      expect(await ask({ from: 'a', to: 'b' })).toEqual({ packed: 'a\t5\na%20b\t9\na%2Eb\t10' });
    });

    it('by digests of a thousand ranges at once', async () => {
      for (const [index, id] of IDS.entries()) await put(id, index + 1);
      const places = IDS.map(escapeToken).toSorted();
      const bounds = ['', ...places, ...Array.from({ length: 984 }, (_, index) => `~${index + 1_000}`)];
      const ranges = bounds.map((from, index) => ({ from, ...(index < 998 ? { to: bounds[index + 1]! } : {}) }));
      const { digests } = await askDigests(ranges);
      expect(digests).toHaveLength(bounds.length);
      const expected = ['', ...places].map((place) => {
        const version = IDS.findIndex((id) => escapeToken(id) === place) + 1;
        return version === 0 ? { records: 0, digest: '0' } : { records: 1, digest: String(digestMark(place, version)) };
      });
      expect(digests.slice(0, expected.length)).toEqual(expected);
      const sum = IDS.reduce((all, id, index) => all + digestMark(escapeToken(id), index + 1), 0);
      expect(await askDigests([{ from: '' }])).toEqual({ digests: [{ records: IDS.length, digest: String(sum) }] });
    });

    it('of one connection alone, and without what is not held', async () => {
      await put('1', 1);
      await put('2', 1, { state: 'gone' });
      await run("UPDATE contacts SET connection = 'other', mesh_digest = 7 WHERE id = '1'");
      expect(await ask({ from: '' })).toEqual({ packed: '' });
      expect(await askDigests([{ from: '' }])).toEqual({ digests: [{ records: 0, digest: '0' }] });
    });

    it('and shows what somebody has edited', async () => {
      for (const id of ['1', '2', '3']) await put(id, 4);
      await run("UPDATE contacts SET email = 'other@example.com' WHERE id = '2'");
      await run("UPDATE contacts SET email = email WHERE id = '3'");
      expect(await ask({ from: '' })).toEqual({ packed: '1\t4\n2\t4!\n3\t4' });
      const { digests } = await askDigests([{ from: '2', to: '3' }]);
      expect(digests).not.toEqual([{ records: 1, digest: String(digestMark('2', 4)) }]);
    });

    it('and tells edits from writes of its own, also one that mends an edit', async () => {
      await put('1', 1);
      const write = async (version: number, email: string) => {
        const { mesh_digest } = contacts.stamp('1', version);
        await run('UPDATE contacts SET version = ?, email = ?, mesh_digest = ?', [version, email, mesh_digest]);
      };
      await write(2, 'b@example.com');
      expect(await ask({ from: '' })).toEqual({ packed: '1\t2' });
      await run("UPDATE contacts SET email = 'edited@example.com'");
      expect(await ask({ from: '' })).toEqual({ packed: '1\t2!' });
      await write(2, 'b@example.com');
      expect(await ask({ from: '' })).toEqual({ packed: '1\t2' });
    });

    it('and shows what somebody has put there or brought back', async () => {
      await put('1', 1, { state: 'gone' });
      await run(
        "INSERT INTO contacts (tenant, connection, id, version, state) VALUES ('acme', 'hubspot', '2', 1, 'there')",
      );
      await run(
        "INSERT INTO contacts (tenant, connection, id, version, state) VALUES ('acme', 'hubspot', 'ü', 1, 'there')",
      );
      await run("UPDATE contacts SET state = 'there' WHERE id = '1'");
      expect(await ask({ from: '' })).toEqual({ packed: '1\t1\n2\t1!' });
      // An id that is not its own place gets one at the next start.
      await contacts.prepare(sink.transaction);
      expect(await ask({ from: '' })).toEqual({ packed: '%C3%BC\t1!\n1\t1\n2\t1!' });
    });

    it('with what lies there twice, never cut in two', async () => {
      for (const id of ['1', '2', '2', '3']) await put(id, 1);
      expect(await ask({ from: '', limit: 2 })).toEqual({ packed: '1\t1\n2\t1\n2\t1', after: '2' });
      expect(await ask({ from: '2', limit: 1 })).toEqual({ packed: '2\t1\n2\t1', after: '2' });
    });

    it('with the rows that were there before', async () => {
      await run('DROP TABLE contacts');
      await run(`CREATE TABLE contacts (tenant text, connection text, id text, version integer, email text, state text,
        PRIMARY KEY (tenant, connection, id))`);
      const rows = Array.from({ length: 2_345 }, (_, index) => `('acme', 'hubspot', '${index}', ${index}, 'there')`);
      await run(`INSERT INTO contacts (tenant, connection, id, version, state) VALUES ${rows.join(', ')}`);
      await run(
        `INSERT INTO contacts (tenant, connection, id, version, state) VALUES ('acme', 'hubspot', '', 1, 'there')`,
      );
      await contacts.prepare(sink.transaction);
      const sum = rows.reduce((all, _, index) => all + digestMark(String(index), index), 0);
      expect(await askDigests([{ from: '' }])).toEqual({ digests: [{ records: 2_345, digest: String(sum) }] });
    });

    it('with other triggers where other columns are watched', async () => {
      const wider = reconcileTable({ table: 'contacts', entity: 'contact', watch: ['email', 'state'] });
      await wider.prepare(sink.transaction);
      await wider.prepare(sink.transaction);
      await put('1', 1);
      await run("UPDATE contacts SET state = 'elsewhere'");
      const page = await wider.reconcile.page({ ask: 'page', ...SCOPE, from: '', limit: 10 }, context);
      expect(page).toEqual({ packed: '1\t1!' });
    });

    it('beside a transaction that is under way', async () => {
      await put('1', 1);
      await sink.transaction(async (tx) => {
        await tx.run('DELETE FROM contacts');
        expect(await ask({ from: '' })).toEqual({ packed: '1\t1' });
      });
      expect(await ask({ from: '' })).toEqual({ packed: '' });
    });

    it.runIf(kind.name === 'SQLite')('from the index alone', async () => {
      const plans: string[] = [];
      const reader: ReconcileContext['sink'] = {
        dialect: 'sqlite',
        all: async (sql, values) => {
          const plan = await sink.reader.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, values);
          plans.push(plan.map(({ detail }) => detail).join('; '));
          return sink.reader.all(sql, values);
        },
      };
      const explained = { ...context, sink: reader };
      await contacts.reconcile.page({ ask: 'page', ...SCOPE, from: '', limit: 10 }, explained);
      await contacts.reconcile.digests({ ask: 'digests', ...SCOPE, ranges: [{ from: '' }] }, explained);
      expect(plans).toHaveLength(2);
      for (const plan of plans) expect(plan).toMatch(/USING COVERING INDEX mesh_places_of_contacts/);
      // The ranges themselves are sorted, some hundred at most.
      expect(plans[0]).not.toMatch(/TEMP B-TREE/);
    });
  });

  describe.skipIf(kind.absent !== undefined)('is compared by a run', () => {
    describeContactTable(kind.makePlace);
  });
});

it.each([{ table: 'a b' }, { watch: ['x; DROP'] }, { columns: { id: '"id"' } }, { held: 'x = ?' }])(
  'refuses %j',
  (part) => {
    expect(() => reconcileTable({ table: 'a', entity: 'contact', watch: [], ...part })).toThrow(TypeError);
  },
);
