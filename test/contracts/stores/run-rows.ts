import { describe, expect, it } from 'vitest';
import type { Mismatch } from '@crm-mesh/reconciliation';
import type { Store } from '@crm-mesh/store';
import { RunMoved, RunRows } from '../../../apps/publisher/src/reconciliation/run/run-rows.js';
import type { RunState } from '../../../apps/publisher/src/reconciliation/run/run-state.js';

const state: RunState = {
  ...{ run: 'run-1', pair: { leg: 'plugin', name: 'table' }, by: 'ada', begunMs: 1_000, scope: {} },
  ...{ repair: true, yes: false, budget: { maxRepairs: 1, maxCalls: 1, maxPercent: 1 }, phase: 'comparing' },
  ...{ labelled: 0, repaired: 0, allowed: { calls: 0, repairs: 0 } },
};
const second = { ...state, run: 'run-2', begunMs: 2_000 };
const ended = { atMs: 9_000, how: 'over' as const };
const keyOf = (id: string, entity = 'deal') => ({ tenant: 'ä/b', connection: 'c.d', entity, id });
const found: Mismatch[] = [
  { record: keyOf('x/"y"\\?'), kind: 'missing', expected: '3', sequence: 7, settledUpTo: 2 ** 40 },
  { record: keyOf('x/"y"\\?'), kind: 'duplicate', found: '1,2' },
  { record: keyOf('z', 'contact'), kind: 'extra' },
];

export function describeRunRows(getStore: () => Store): void {
  describe('runs of a reconciliation', () => {
    it('are what was saved last, by whoever read them last', async () => {
      const rows = new RunRows(getStore());
      expect(await rows.read('run-1')).toBeUndefined();
      expect(await rows.insert(state)).toBe(true);
      const first = await rows.read('run-1');
      expect(first).toEqual({ revision: 1, state });
      const saved = await rows.save(first!, { ...state, phase: 'labelling' }, found);
      await expect(rows.save(first!, state, [{ ...found[0]!, kind: 'stale' }])).rejects.toThrow(RunMoved);
      expect(await rows.read('run-1')).toEqual(saved);
      expect((await rows.readByFate('run-1', 'found', 10)).map(({ kind }) => kind)).not.toContain('stale');
    });

    it('of a pair one is open', async () => {
      const rows = new RunRows(getStore());
      await rows.insert(state);
      expect(await rows.insert(second)).toBe(false);
      expect(await rows.insert({ ...second, pair: { leg: 'crm', name: 'table' } })).toBe(true);
      expect((await rows.readOpen(state.pair))?.state.run).toBe('run-1');
      await rows.save((await rows.read('run-1'))!, { ...state, ended });
      expect(await rows.readOpen(state.pair)).toBeUndefined();
      expect(await rows.insert({ ...second, run: 'run-3' })).toBe(true);
      expect((await rows.list(state.pair, 10)).map(({ run }) => run)).toEqual(['run-3', 'run-1']);
      expect((await rows.listOpen()).map(({ run }) => run).toSorted()).toEqual(['run-2', 'run-3']);
      expect(await rows.list(undefined, 2)).toHaveLength(2);
    });

    it('say of a record what the newest run of each pair that is over has found', async () => {
      const rows = new RunRows(getStore());
      const [one] = found;
      await rows.insert(state);
      await rows.save((await rows.read('run-1'))!, state, found.slice(0, 1));
      expect(await rows.listOfRecord(one!.record)).toEqual([]);
      await rows.save((await rows.read('run-1'))!, { ...state, ended });
      expect(await rows.listOfRecord(one!.record)).toMatchObject([{ state: { run: 'run-1' } }]);
      expect(await rows.listOfRecord(keyOf('other'))).toEqual([]);
      await rows.insert(second);
      expect(await rows.listOfRecord(one!.record)).toHaveLength(1);
      await rows.save((await rows.read('run-2'))!, { ...second, ended });
      expect(await rows.listOfRecord(one!.record)).toEqual([]);
    });

    it('keep what differs, whatever an id is like, and each once', async () => {
      const rows = new RunRows(getStore());
      await rows.insert(state);
      let kept = await rows.save((await rows.read('run-1'))!, state, found);
      kept = await rows.save(kept, state, found);
      const read = await rows.readByFate('run-1', 'found', 10);
      expect(read).toHaveLength(3);
      expect(read).toEqual(expect.arrayContaining(found.map((one) => ({ ...one, fate: 'found' }))));
      await rows.saveFates(kept, state, [{ ...found[0]!, label: 'parked', fate: 'waits' }]);
      expect(await rows.readExamples('run-1', 'parked', 10)).toEqual([{ ...found[0], label: 'parked', fate: 'waits' }]);
      expect(await rows.readExamples('run-1', undefined, 10)).toHaveLength(2);
      expect(await rows.count('run-1')).toEqual([
        { unit: 'ä/b/c.d/contact', kind: 'extra', fate: 'found', count: 1 },
        { unit: 'ä/b/c.d/deal', kind: 'duplicate', fate: 'found', count: 1 },
        { unit: 'ä/b/c.d/deal', kind: 'missing', label: 'parked', fate: 'waits', count: 1 },
      ]);
      const among = await rows.listAmong('run-1', [keyOf('x/"y"\\?'), keyOf('z'), keyOf('q')]);
      expect([...among].toSorted()).toEqual(['ä/b/c.d/contact/z', 'ä/b/c.d/deal/x/"y"\\?']);
    });

    it('are forgotten but for the newest, with what they found', async () => {
      const rows = new RunRows(getStore());
      await rows.insert(state);
      await rows.save((await rows.read('run-1'))!, { ...state, ended }, found);
      await rows.insert(second);
      await rows.save((await rows.read('run-2'))!, { ...second, ended }, found);
      await rows.prune(state.pair, 1);
      expect((await rows.list(undefined, 10)).map(({ run }) => run)).toEqual(['run-2']);
      expect(await rows.count('run-1')).toEqual([]);
      expect(await rows.count('run-2')).not.toEqual([]);
    });
  });
}
