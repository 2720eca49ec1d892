import { beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '@crm-mesh/store';
import { SnapshotRecords, type SnapshotProgress } from '../../../libs/delivery/src/store/snapshot-records.js';

export function describeSnapshotRows(getStore: () => Store): void {
  describe('snapshots', () => {
    const begun: SnapshotProgress = {
      ...{ incarnation: 'i1', upTo: 2 ** 40, startedAtMs: 1_764_000_000_000, after: '', lastSent: 0 },
      phase: 'sending',
    };
    let snapshots: SnapshotRecords;
    beforeEach(() => {
      snapshots = new SnapshotRecords(getStore(), 'a');
    });

    it('are known from when they begin, each consumer its own', async () => {
      expect(await snapshots.read()).toBeUndefined();
      await snapshots.save(begun);
      expect(await snapshots.read()).toEqual(begun);
      expect(await new SnapshotRecords(getStore(), 'b').read()).toBeUndefined();
    });

    it('come further, and begin anew with a stream that was made anew', async () => {
      await snapshots.save(begun);
      const further: SnapshotProgress = { ...begun, after: 'acme/hubspot/deal/ü%2F7', lastSent: 9, phase: 'sent' };
      await snapshots.save(further);
      expect(await snapshots.read()).toEqual(further);
      const anew: SnapshotProgress = { ...begun, incarnation: 'i2', upTo: 0 };
      await snapshots.save(anew);
      expect(await snapshots.read()).toEqual(anew);
    });
  });
}
