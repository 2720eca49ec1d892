import { describe, expect, it } from 'vitest';
import type { StoredEntry } from '@crm-mesh/ledger';
import type { Store } from '@crm-mesh/store';
import { findWrongRanges } from '../../../libs/ledger/src/check-ranges.js';
import { readEntriesOf, upsertEntries } from '../../../libs/ledger/src/ledger-rows.js';
import { raiseRevision, readerOf, readState, saveState, StateMoved } from '../../../libs/ledger/src/ledger-state.js';
import { LedgerWriter } from '../../../libs/ledger/src/ledger-writer.js';
import { listEntities, readMarks, readRanges } from '../../../libs/ledger/src/mark-pages.js';

const scope = { tenant: 'ac me', connection: 'hubspot', entity: 'deal' };

function entryOf(id: string, version: number, state: StoredEntry['state'] = 'present'): StoredEntry {
  const times = { modifiedAtMs: 0, contentAtMs: 0, seenAtMs: 0 };
  return { key: { ...scope, id }, version, state, hash: '', sequence: version, aliases: [], ...times };
}

const ids = (count: number) => Array.from({ length: count }, (_, i) => `id ${i * 7919}`);

export function describeRangeRows(getStore: () => Store): void {
  const put = (writer: LedgerWriter, entries: StoredEntry[]) => writer.write((tx) => writer.put(tx, entries));

  describe('the ranges of the ledger', () => {
    it('are what the rows come to, through splits, deletions and versions', async () => {
      const writer = new LedgerWriter(getStore());
      await put(
        writer,
        ids(1_500).map((id) => entryOf(id, 1)),
      );
      await put(
        writer,
        ids(1_400).map((id, i) => entryOf(id, 2, i % 3 === 0 ? 'deleted' : 'present')),
      );
      await writer.write((tx) => writer.remove(tx, { ...scope, id: ids(2)[1]! }));
      const ranges = await readRanges(getStore(), scope);
      expect(ranges.length).toBeGreaterThan(2);
      expect(ranges.map(({ to }) => to)).toEqual([...ranges.slice(1).map(({ from }) => from), undefined]);
      expect(ranges.map(({ from }) => from)).toEqual(ranges.map(({ from }) => from).toSorted());
      expect(ranges.reduce((sum, { records }) => sum + records, 0)).toBe(1_500 - 467 - 1);
      expect(await findWrongRanges(getStore())).toEqual([]);
      expect(await listEntities(getStore())).toEqual([scope]);
    });

    it('hold when two processes write at once, and the older one late', async () => {
      const [one, two] = [new LedgerWriter(getStore()), new LedgerWriter(getStore())];
      const rounds = Array.from({ length: 6 }, (_, round) => ids(400).map((id) => entryOf(id, round + 1)));
      await Promise.all(rounds.map((entries, round) => put(round % 2 === 0 ? one : two, entries)));
      await put(one, rounds[1]!);
      expect(await findWrongRanges(getStore())).toEqual([]);
      const { packed } = await readMarks(getStore(), { ...scope, from: '', limit: 1 });
      expect(packed.split('\t')[1]).toBe('6');
    });

    it('are made of rows that were there before', async () => {
      await getStore().write((tx) =>
        upsertEntries(
          tx,
          ids(900).map((id) => entryOf(id, 1)),
        ),
      );
      await put(new LedgerWriter(getStore()), [entryOf('x', 1)]);
      expect(await findWrongRanges(getStore())).toEqual([]);
    });

    it('give their records in the order of bytes, as one text', async () => {
      const writer = new LedgerWriter(getStore());
      const awkward = ['b', 'B', 'a.1', 'a', 'ä', 'a b', '10', '9', 'Z', '_', '~', 'a-b', 'ab'];
      await put(
        writer,
        awkward.map((id) => entryOf(id, 7)),
      );
      const whole = await readMarks(getStore(), { ...scope, from: '', limit: 100 });
      const places = whole.packed.split('\n').map((line) => line.split('\t')[0]!);
      expect(places).toEqual([...places].sort());
      expect([places.length, whole.records, whole.after]).toEqual([13, 13, undefined]);
      const page = await readMarks(getStore(), { ...scope, from: 'B', to: 'b', limit: 2 });
      expect(page).toEqual({ packed: 'B\t7\nZ\t7', records: 2, after: 'Z' });
      expect(await readMarks(getStore(), { ...scope, from: 'x', to: 'y', limit: 2 })).toEqual({
        packed: '',
        records: 0,
      });
    });

    it('go with rows that are read many at once', async () => {
      await put(
        new LedgerWriter(getStore()),
        ids(250).map((id) => entryOf(id, 3)),
      );
      const keys = [...ids(250), 'nobody'].map((id) => ({ ...scope, id }));
      const found = await readEntriesOf(readerOf(getStore()), keys);
      expect([found.size, [...found.values()].every(({ version }) => version === 3)]).toEqual([250, true]);
    });

    it('stand beside a state that one alone can move on', async () => {
      const store = getStore();
      const save = (revision: number, state: object) =>
        store.write((tx) => saveState(tx, 'rebuild', { revision, state }));
      await save(0, { by: 'ä' });
      await expect(save(0, { by: 'late' })).rejects.toThrow(StateMoved);
      expect(await readState(readerOf(store), 'rebuild')).toEqual({ revision: 1, state: { by: 'ä' } });
      expect(await store.write((tx) => raiseRevision(tx, 'rebuild'))).toBe(2);
    });
  });
}
