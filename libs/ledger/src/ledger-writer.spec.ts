import type { RecordKey } from '@crm-mesh/contract';
import { openStore, type Store, type Transaction } from '@crm-mesh/store';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findWrongRanges } from './check-ranges.js';
import type { StoredEntry } from './ledger-entry.js';
import { upsertEntries } from './ledger-rows.js';
import { LedgerWriter } from './ledger-writer.js';
import { readMarks, readRanges } from './mark-pages.js';
import { LEDGER_MIGRATIONS } from './migrations.js';

const scope = { tenant: 'acme', connection: 'crm', entity: 'contact' };
const keyOf = (id: string, entity = 'contact'): RecordKey => ({ ...scope, entity, id });

function entryOf(id: string, more: Partial<StoredEntry> = {}): StoredEntry {
  const times = { modifiedAtMs: 0, contentAtMs: 0, seenAtMs: 0 };
  return { key: keyOf(id), version: 1, state: 'present', hash: '', sequence: 1, aliases: [], ...times, ...more };
}

let store: Store;
beforeEach(async () => void (store = await openStore({ url: 'sqlite::memory:', migrations: LEDGER_MIGRATIONS })));
afterEach(() => store.close());

const put = (writer: LedgerWriter, entries: StoredEntry[]) => writer.write((tx) => writer.put(tx, entries));
const ids = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `${(i + from) * 7919}`);

async function countKept(): Promise<number> {
  return (await readRanges(store, scope)).reduce((sum, { records }) => sum + records, 0);
}

describe('ranges', () => {
  it('are split as they grow, and lie side by side without a gap', async () => {
    const writer = new LedgerWriter(store);
    for (let from = 0; from < 4_000; from += 250)
      await put(
        writer,
        ids(250, from).map((id) => entryOf(id)),
      );
    const ranges = await readRanges(store, scope);
    expect(ranges.length).toBeGreaterThan(7);
    expect(Math.max(...ranges.map(({ records }) => records))).toBeLessThanOrEqual(512);
    expect(ranges.map(({ to }) => to)).toEqual([...ranges.slice(1).map(({ from }) => from), undefined]);
    expect(ranges[0]!.from).toBe('');
    expect(await countKept()).toBe(4_000);
    expect(await findWrongRanges(store)).toEqual([]);
  });

  it('count what is there and was told, of each entity for itself', async () => {
    const writer = new LedgerWriter(store);
    await put(writer, [entryOf('1'), entryOf('2'), entryOf('3', { version: 0, state: 'deleted' })]);
    await put(writer, [{ ...entryOf('1'), key: keyOf('1', 'deal') }]);
    expect(await countKept()).toBe(2);
    await put(writer, [entryOf('1', { state: 'deleted', version: 2, sequence: 2 })]);
    expect(await countKept()).toBe(1);
    await put(writer, [entryOf('1', { version: 3, sequence: 3 })]);
    expect(await countKept()).toBe(2);
    expect(await findWrongRanges(store)).toEqual([]);
  });

  it('do not count what the store did not take', async () => {
    const [leader, former] = [new LedgerWriter(store), new LedgerWriter(store)];
    await put(former, [entryOf('1')]);
    await put(leader, [entryOf('1', { version: 3, sequence: 9 })]);
    await put(former, [entryOf('1', { version: 2, sequence: 5 }), entryOf('2')]);
    expect(await findWrongRanges(store)).toEqual([]);
    expect((await readMarks(store, { ...scope, from: '', limit: 9 })).packed).toBe('1\t3\n2\t1');
  });

  it('are made of the rows of a ledger that had none', async () => {
    await store.write((tx) =>
      upsertEntries(
        tx,
        ids(3_000).map((id) => entryOf(id)),
      ),
    );
    await put(new LedgerWriter(store), [entryOf('x')]);
    expect(await countKept()).toBe(3_001);
    expect(await findWrongRanges(store)).toEqual([]);
  });

  it('that are empty go to their neighbour', async () => {
    const writer = new LedgerWriter(store);
    await put(
      writer,
      ids(1_200).map((id) => entryOf(id)),
    );
    await put(
      writer,
      ids(1_200).map((id) => entryOf(id, { state: 'erased', version: 2, sequence: 2 })),
    );
    expect(await readRanges(store, scope)).toEqual([{ from: '', records: 0, digest: 0 }]);
    await put(writer, [entryOf('9')]);
    expect(await findWrongRanges(store)).toEqual([]);
  });

  it('are what the rows come to, whatever is written by whom and wherever it is cut off', async () => {
    const step = fc.record({
      from: fc.nat(1_500),
      count: fc.integer({ min: 1, max: 700 }),
      state: fc.constantFrom('present' as const, 'present' as const, 'deleted' as const),
      by: fc.nat(1),
      what: fc.constantFrom('put', 'put', 'put', 'late', 'remove', 'cut'),
      cutAt: fc.nat(14),
    });
    const property = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const own = await openStore({ url: 'sqlite::memory:', migrations: LEDGER_MIGRATIONS });
      const cut = { after: Infinity };
      const writers = [0, 1].map(() => new LedgerWriter(cutOff(own, cut)));
      for (const [index, { from, count, state, by, what, cutAt }] of steps.entries()) {
        const writer = writers[by]!;
        const sequence = what === 'late' ? Math.max(1, index - 2) : index + 1;
        const entries = ids(count, from).map((id) => entryOf(id, { state, sequence, version: sequence }));
        cut.after = what === 'cut' ? cutAt : Infinity;
        const written = writer.write(async (tx) => {
          if (what !== 'remove') return writer.put(tx, entries);
          for (const { key } of entries.slice(0, 40)) await writer.remove(tx, key);
        });
        await written.catch((error: unknown) => expect(String(error)).toContain('cut off'));
        expect(await findWrongRanges(own)).toEqual([]);
      }
      await own.close();
    });
    await fc.assert(property, { numRuns: 15 });
  }, 120_000);
});

/** A store whose transactions break off after so many statements, as when the process ends there. */
function cutOff(real: Store, cut: { after: number }): Store {
  const broken = (): never => {
    throw new Error('cut off');
  };
  return {
    ...real,
    write: (work) => {
      let left = cut.after;
      const within = (tx: Transaction): Transaction => ({
        run: (sql, values) => (left-- > 0 ? tx.run(sql, values) : broken()),
        all: (sql, values) => (left-- > 0 ? tx.all(sql, values) : broken()),
      });
      return real.write((tx) => work(within(tx)));
    },
  };
}

describe('marks', () => {
  it('come in pages of one text, in the order of their places', async () => {
    const writer = new LedgerWriter(store);
    const awkward = ['b', 'B', 'a.1', 'a', 'ä', 'a b', '10', '9', 'Z', '_', '~'];
    await put(
      writer,
      awkward.map((id) => entryOf(id)),
    );
    const whole = await readMarks(store, { ...scope, from: '', limit: 100 });
    const places = whole.packed.split('\n').map((line) => line.split('\t')[0]!);
    expect(places).toEqual([...places].sort());
    expect(whole).toMatchObject({ records: awkward.length });
    expect(whole.after).toBeUndefined();
    const page = await readMarks(store, { ...scope, from: 'B', to: 'b', limit: 2 });
    expect(page).toEqual({ packed: 'B\t1\nZ\t1', records: 2, after: 'Z' });
    expect(await readMarks(store, { ...scope, from: 'x', to: 'y', limit: 2 })).toEqual({ packed: '', records: 0 });
  });
});
