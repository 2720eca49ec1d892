import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numberParameters } from './postgres-store.js';
import { openStore } from './open-store.js';
import type { Store } from './store.js';

class CreateThing1764000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE thing (id INTEGER PRIMARY KEY, bytes BLOB)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE thing');
  }
}

describe('the SQLite store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-store-'));
  const url = `sqlite:${join(folder, 'a b/deep/test.db')}`;
  const migrations = [CreateThing1764000000001];
  let store: Store;

  beforeEach(async () => void (store = await openStore({ url, migrations })));
  afterEach(async () => {
    await store.write((tx) => tx.run('DELETE FROM thing'));
    await store.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const count = async () => (await store.read<{ n: number }>('SELECT COUNT(*) AS n FROM thing'))[0]!.n;

  it('survives power cuts: WAL and a full sync per commit', async () => {
    expect(await store.read('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    expect(await store.read('PRAGMA synchronous')).toEqual([{ synchronous: 2 }]);
  });

  it('keeps what was written over a restart, and migrates once', async () => {
    await store.write((tx) => tx.run('INSERT INTO thing VALUES (?, ?)', [1, new Uint8Array([1, 2])]));
    await store.close();
    store = await openStore({ url, migrations });
    const rows = await store.read<{ id: number; bytes: Buffer }>('SELECT * FROM thing');
    expect(rows.map((row) => [row.id, [...row.bytes]])).toEqual([[1, [1, 2]]]);
  });

  it('keeps transactions apart that run side by side: what one rolls back, no other loses or keeps', async () => {
    const outcomes = await Promise.allSettled(
      [1, 2, 3, 4, 5, 6].map((id) =>
        store.write(async (tx) => {
          await tx.run('INSERT INTO thing VALUES (?, NULL)', [id]);
          await new Promise((resolve) => setImmediate(resolve));
          if (id % 2) throw new Error('back');
        }),
      ),
    );
    expect(outcomes.map((outcome) => outcome.status)).toEqual(
      [1, 2, 3, 4, 5, 6].map((id) => (id % 2 ? 'rejected' : 'fulfilled')),
    );
    expect(await store.read('SELECT id FROM thing ORDER BY id')).toEqual([{ id: 2 }, { id: 4 }, { id: 6 }]);
  });

  it('lets nobody read what is not committed', async () => {
    const writing = store.write(async (tx) => {
      await tx.run('INSERT INTO thing VALUES (9, NULL)');
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error('back');
    });
    const seen = count();
    await expect(writing).rejects.toThrow('back');
    expect(await seen).toBe(0);
  });

  it('names the way out when the address or the file is wrong', async () => {
    await expect(openStore({ url: 'mysql://x', migrations })).rejects.toThrow(/MESH_STORE_UNAVAILABLE.*sqlite:<file>/);
    await expect(openStore({ url: `sqlite:${folder}`, migrations })).rejects.toThrow(/MESH_STORE_UNAVAILABLE/);
  });
});

it('numbers parameters for PostgreSQL', () => {
  expect(numberParameters('SELECT ? WHERE a = ? AND b IN (?)')).toBe('SELECT $1 WHERE a = $2 AND b IN ($3)');
});
