import { describe, expect, it } from 'vitest';
import type { StoredEntry } from '@crm-mesh/ledger';
import type { Store } from '@crm-mesh/store';
import {
  countRecords,
  deleteEntry,
  forgetSequences,
  readEntry,
  readKeysAbove,
  readPositions,
  rewindPosition,
  savePosition,
  upsertEntries,
} from '../../../libs/ledger/src/ledger-rows.js';
import { countUnread, readUnread } from '../../../libs/ledger/src/unread-rows.js';

const FULL: StoredEntry = {
  key: { tenant: 'ac me', connection: 'hubspot', entity: 'deal', id: '47.11 *>😀' },
  version: 3,
  state: 'present',
  hash: 'abc',
  sequence: 2 ** 40,
  modifiedAtMs: 1_700_000_000_001,
  contentAtMs: 1_700_000_000_002,
  seenAtMs: 1_700_000_000_003,
  dataText: JSON.stringify({ id: '47.11 *>😀', name: 'a \u0000 ? ä' }),
  aliases: ['1', '2'],
  fieldTimes: { base: 1, fields: { name: 2 } },
  unread: ['amount', 'address.country'],
};
const entry = (id: string, more: Partial<StoredEntry> = {}): StoredEntry => ({
  ...{ key: { ...FULL.key, id }, version: 1, state: 'present', hash: '', sequence: 1, aliases: [] },
  ...{ modifiedAtMs: 0, contentAtMs: 0, seenAtMs: 0 },
  ...more,
});

export function describeLedgerRows(getStore: () => Store): void {
  const put = (...entries: StoredEntry[]) => getStore().write((tx) => upsertEntries(tx, entries));
  const read = (id: string) => readEntry(getStore(), { ...FULL.key, id });

  describe('the ledger', () => {
    it('gives back an entry as it was put, with everything and with nothing', async () => {
      const bare = entry('bare', { version: 0, state: 'erased', sequence: 0 });
      await put(FULL, bare);
      expect(await readEntry(getStore(), FULL.key)).toEqual(FULL);
      expect(await read('bare')).toEqual(bare);
      expect(await read('nobody')).toBeUndefined();
      expect(await countRecords(getStore())).toBe(1);
    });

    it('never sets a record back, whoever commits last', async () => {
      await put(entry('x', { sequence: 10, version: 4 }));
      await put(entry('x', { sequence: 9, version: 3 }));
      expect(await read('x')).toMatchObject({ sequence: 10, version: 4 });
      await put(entry('x', { sequence: 10, version: 4, seenAtMs: 5 }));
      await put(entry('x', { sequence: 10, version: 4, seenAtMs: 4 }));
      expect(await read('x')).toMatchObject({ seenAtMs: 5 });
    });

    it('takes more than a statement holds', async () => {
      await put(...Array.from({ length: 1_100 }, (_, i) => entry(`r${i}`)));
      expect(await countRecords(getStore())).toBe(1_100);
    });

    it('finds and counts records of which something could not be read, while they are there', async () => {
      await put(
        entry('a', { unread: ['amount'] }),
        entry('b *>', { unread: ['amount', 'closeDate'] }),
        entry('c', { unread: ['amount'] }),
        entry('gone', { state: 'deleted', unread: ['amount'] }),
        entry('read'),
        { ...entry('other'), key: { ...FULL.key, connection: 'shop', id: 'other' }, unread: ['name'] },
      );
      const { tenant, connection, entity } = FULL.key;
      const find = (part: object) => readUnread(getStore(), { tenant, connection, limit: 9, ...part });
      const all = await find({});
      expect(all.map(({ key, fields }) => [key.id, fields])).toEqual([
        ['a', ['amount']],
        ['b *>', ['amount', 'closeDate']],
        ['c', ['amount']],
      ]);
      expect(await find({ limit: 1 })).toEqual(all.slice(0, 1));
      expect(await find({ entity, after: { entity, id: 'a' } })).toEqual(all.slice(1));
      expect(await find({ entity: 'contact' })).toEqual([]);
      const counted = (await countUnread(getStore())).toSorted((one, other) => one.records - other.records);
      expect(counted.slice(-1)).toEqual([{ tenant, connection, entity, fields: ['amount'], records: 2 }]);
      expect(counted).toHaveLength(3);
      expect(counted).toContainEqual({ tenant, connection: 'shop', entity, fields: ['name'], records: 1 });
      // Read at last.
      await put(entry('a', { sequence: 2 }));
      expect(await find({})).toEqual(all.slice(1));
    });

    it('forgets a record, and finds what lies above a sequence', async () => {
      await put(entry('a', { sequence: 1 }), entry('b', { sequence: 2 }), entry('c', { sequence: 3 }));
      await getStore().write((tx) => deleteEntry(tx, { ...FULL.key, id: 'c' }));
      expect((await readKeysAbove(getStore(), 1)).map(({ id }) => id)).toEqual(['b']);
    });

    it('keeps its position, which goes back only when it is told to', async () => {
      const save = (position: number) => getStore().write((tx) => savePosition(tx, 'i1', position));
      await save(2 ** 40);
      await save(5);
      expect(await readPositions(getStore())).toEqual(new Map([['i1', 2 ** 40]]));
      await getStore().write((tx) => rewindPosition(tx, 'i1', 6));
      expect((await readPositions(getStore())).get('i1')).toBe(6);
      await put(entry('a', { sequence: 9, version: 4 }));
      await getStore().write((tx) => forgetSequences(tx));
      expect(await readPositions(getStore())).toEqual(new Map());
      expect(await read('a')).toMatchObject({ sequence: 0, version: 4 });
    });
  });
}
