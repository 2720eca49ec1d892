import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore, type MigrationClass, type Store, type Transaction } from '@crm-mesh/store';
import type { StoreKind } from './places.js';

type Migration = InstanceType<MigrationClass>;
type Runner = Parameters<Migration['up']>[0];

class CreateThing1764000000001 implements Migration {
  async up(runner: Runner): Promise<void> {
    const bytes = runner.dataSource.options.type === 'postgres' ? 'bytea' : 'blob';
    await runner.query(`CREATE TABLE thing (id bigint NOT NULL PRIMARY KEY, words text, bytes ${bytes})`);
  }

  async down(runner: Runner): Promise<void> {
    await runner.query('DROP TABLE thing');
  }
}

const MIGRATIONS: MigrationClass[] = [CreateThing1764000000001];
const insert = (tx: Transaction, id: number) => tx.run('INSERT INTO thing (id) VALUES (?)', [id]);
const turn = () => new Promise((resolve) => setImmediate(resolve));

export function describeTransactions(kind: StoreKind): void {
  describe('transactions', () => {
    let place: string;
    let store: Store;

    beforeEach(async () => {
      place = await kind.makePlace();
      store = await openStore({ url: place, migrations: MIGRATIONS });
    });
    afterEach(() => store.close());

    const ids = async () => (await store.read<{ id: number }>('SELECT id FROM thing ORDER BY id')).map(({ id }) => id);

    // The trap: on one connection, as TypeORM has it for SQLite, the second of two that run side by side throws, and
    // rows of the one that was rolled back stay.
    it('keeps apart what runs side by side: what one rolls back, no other loses or keeps', async () => {
      const numbers = Array.from({ length: 20 }, (_, index) => index + 1);
      const outcomes = await Promise.allSettled(
        numbers.map((id) =>
          store.write(async (tx) => {
            await insert(tx, id);
            await turn();
            await insert(tx, 100 + id);
            if (id % 2) throw new Error('back');
          }),
        ),
      );
      expect(outcomes.map(({ status }) => status)).toEqual(numbers.map((id) => (id % 2 ? 'rejected' : 'fulfilled')));
      const even = numbers.filter((id) => id % 2 === 0);
      expect(await ids()).toEqual([...even, ...even.map((id) => 100 + id)]);
    });

    // Who was stopped in the middle of one would otherwise keep who takes over from its first write.
    it.skipIf(kind.name === 'SQLite')(
      'ends one whose process stands still, and gives its locks to others',
      async () => {
        const idle = await openStore({ url: place, migrations: [], idleTransactionMs: 300 });
        await store.write((tx) => insert(tx, 1));
        let wake = (): void => undefined;
        let stand = (): void => undefined;
        const stands = new Promise<void>((resolve) => (stand = resolve));
        const stoodStill = idle.write(async (tx) => {
          await tx.run('UPDATE thing SET words = ? WHERE id = 1', ['idle']);
          await new Promise<void>((resolve) => {
            wake = resolve;
            stand();
          });
          await tx.run('UPDATE thing SET words = ? WHERE id = 1', ['late']);
        });
        await stands;
        await store.write((tx) => tx.run('UPDATE thing SET words = ? WHERE id = 1', ['heir']));
        wake();
        await expect(stoodStill).rejects.toThrow(/released|connection/);
        expect(await store.read('SELECT words FROM thing')).toEqual([{ words: 'heir' }]);
        // Its store goes on.
        await idle.write((tx) => insert(tx, 2));
        expect(await ids()).toEqual([1, 2]);
        await idle.close();
      },
    );

    it('lets nobody read what is not committed', async () => {
      const writing = store.write(async (tx) => {
        await insert(tx, 9);
        await turn();
        throw new Error('back');
      });
      const seen = ids();
      await expect(writing).rejects.toThrow('back');
      expect(await seen).toEqual([]);
    });

    it('takes nothing of a transaction in which a statement failed, and goes on with the next', async () => {
      await store.write((tx) => insert(tx, 1));
      await expect(
        store.write(async (tx) => {
          await insert(tx, 2);
          await insert(tx, 1);
        }),
      ).rejects.toThrow(/unique/i);
      await store.write((tx) => insert(tx, 3));
      expect(await ids()).toEqual([1, 3]);
    });

    it('gives back what was written: whole numbers to 2^53, bytes, any text', async () => {
      const [id, words, bytes] = [Number.MAX_SAFE_INTEGER, 'ä 😀 ? $1 \' "', new Uint8Array([0, 255, 10, 13])];
      await store.write((tx) => tx.run('INSERT INTO thing VALUES (?, ?, ?)', [id, words, bytes]));
      const [row] = await store.read<{ id: number; words: string; bytes: Uint8Array }>('SELECT * FROM thing');
      expect({ ...row, bytes: [...row!.bytes] }).toEqual({ id, words, bytes: [...bytes] });
      const none = await store.read('SELECT * FROM thing WHERE words = ?', ['nobody']);
      expect(none).toEqual([]);
    });

    it('says how many rows a statement changed, and reads inside a transaction what that wrote', async () => {
      await store.write(async (tx) => {
        expect(await insert(tx, 1)).toBe(1);
        expect(await tx.run('INSERT INTO thing (id) VALUES (?), (?) ON CONFLICT DO NOTHING', [1, 2])).toBe(1);
        expect(await tx.run('DELETE FROM thing WHERE id > ?', [7])).toBe(0);
        expect(await tx.all('SELECT id FROM thing ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
      });
    });
  });
}
