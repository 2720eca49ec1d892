import { describe, expect, it } from 'vitest';
import { DELIVERY_MIGRATIONS } from '@crm-mesh/delivery';
import { LEDGER_MIGRATIONS } from '@crm-mesh/ledger';
import { openStore, type MigrationClass, type Store } from '@crm-mesh/store';
import { REFRESH_TOKEN_MIGRATIONS } from '../../../apps/publisher/src/connections/migrations.js';
import { OUTBOX_MIGRATIONS } from '../../../apps/publisher/src/outbox/migrations.js';
import { CURSOR_MIGRATIONS } from '../../../apps/publisher/src/polling/migrations.js';
import { CRM_LEG_MIGRATIONS } from '../../../apps/publisher/src/reconciliation/crm/migrations.js';
import { RECONCILIATION_MIGRATIONS } from '../../../apps/publisher/src/reconciliation/run/migrations.js';
import { SCHEMA_MIGRATIONS } from '../../../apps/publisher/src/schema/migrations.js';
import type { StoreKind } from './places.js';
import { describeTables } from './tables.js';

/** Both apps' together; a migration's time is in its name. */
export const ALL_MIGRATIONS: MigrationClass[] = [
  ...DELIVERY_MIGRATIONS,
  ...LEDGER_MIGRATIONS,
  ...OUTBOX_MIGRATIONS,
  ...CURSOR_MIGRATIONS,
  ...SCHEMA_MIGRATIONS,
  ...REFRESH_TOKEN_MIGRATIONS,
  ...CRM_LEG_MIGRATIONS,
  ...RECONCILIATION_MIGRATIONS,
].toSorted((a, b) => timeOf(a) - timeOf(b));

function timeOf({ name }: MigrationClass): number {
  return Number(/\d{13}$/.exec(name)?.[0]);
}

type Migration = InstanceType<MigrationClass>;
type Runner = Parameters<Migration['up']>[0];

/** It gets through half of its work. */
class Halfway1999999999999 implements Migration {
  async up(runner: Runner): Promise<void> {
    await runner.query('CREATE TABLE halfway (id integer)');
    throw new Error('halfway');
  }

  async down(): Promise<void> {}
}

export function describeMigrations(kind: StoreKind): void {
  describe('migrations', () => {
    /** What `use` says of a store with these migrations. */
    async function openTo<Result>(
      url: string,
      migrations: MigrationClass[],
      use: (store: Store) => Promise<Result>,
    ): Promise<Result> {
      const store = await openStore({ url, migrations });
      try {
        return await use(store);
      } finally {
        await store.close();
      }
    }

    it('make from nothing, and from every earlier state with something in it, the same tables; and no rows are lost', async () => {
      const fresh = await openTo(await kind.makePlace(), ALL_MIGRATIONS, describeTables);
      for (let known = 1; known < ALL_MIGRATIONS.length; known++) {
        const url = await kind.makePlace();
        const filled = await openTo(url, ALL_MIGRATIONS.slice(0, known), fillTables);
        expect(filled.length).toBeGreaterThan(0);
        await openTo(url, ALL_MIGRATIONS, async (store) => {
          expect(await describeTables(store)).toEqual(fresh);
          for (const table of filled)
            expect([table, await store.read(`SELECT 1 AS one FROM ${table}`)]).toEqual([table, [{ one: 1 }]]);
        });
      }
      // A database for each migration.
    }, 240_000);

    it('run once, though two processes open an empty store at the same time', async () => {
      const url = await kind.makePlace();
      // SQLite's file has one owner; there it is one after the other.
      const open = () => openTo(url, ALL_MIGRATIONS, (store) => store.read<{ name: string }>(MIGRATED));
      const seen = kind.name === 'SQLite' ? [await open(), await open()] : await Promise.all([open(), open()]);
      for (const rows of seen) expect(rows.map(({ name }) => name)).toEqual(ALL_MIGRATIONS.map(({ name }) => name));
    });

    it('leave nothing behind where one fails, and what was there works on', async () => {
      const url = await kind.makePlace();
      const before = await openTo(url, ALL_MIGRATIONS, describeTables);
      const broken = openStore({ url, migrations: [...ALL_MIGRATIONS, Halfway1999999999999] });
      await expect(broken).rejects.toThrow('MESH_STORE_UNAVAILABLE');
      expect(await openTo(url, ALL_MIGRATIONS, describeTables)).toEqual(before);
    });

    it('leave alone what a newer release has added', async () => {
      const url = await kind.makePlace();
      const newer = await openTo(url, ALL_MIGRATIONS, describeTables);
      expect(await openTo(url, ALL_MIGRATIONS.slice(0, 1), describeTables)).toEqual(newer);
    });
  });
}

const MIGRATED = 'SELECT name FROM migrations ORDER BY id';

/** One row in each table. Returns their names. */
async function fillTables(store: Store): Promise<string[]> {
  const tables = await describeTables(store);
  for (const [table, columns] of Object.entries(tables)) {
    const values = columns.map((column) => (/ (bigint|integer) /.test(column) ? 7 : '7'));
    const places = columns.map(() => '?').join(', ');
    await store.write((tx) => tx.run(`INSERT INTO ${table} VALUES (${places})`, values));
  }
  return Object.keys(tables);
}
