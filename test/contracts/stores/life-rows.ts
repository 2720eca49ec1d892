import { beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '@crm-mesh/store';
import { LifeRecords } from '../../../libs/delivery/src/store/life-records.js';
import { SweepRecords } from '../../../libs/delivery/src/store/sweep-records.js';
import { ref } from './delivery-rows.js';

export function describeLifeRows(getStore: () => Store): void {
  describe('lives and suspects', () => {
    let lives: LifeRecords;
    beforeEach(() => void (lives = new LifeRecords(getStore(), 'a')));

    it('tell how the last life ended', async () => {
      expect(await lives.readLast()).toBeUndefined();
      await lives.begin('run 1');
      expect(await lives.readLast()).toEqual({ runId: 'run 1', endedCleanly: false });
      await lives.endCleanly('run 1');
      expect(await lives.readLast()).toEqual({ runId: 'run 1', endedCleanly: true });
      await lives.begin('run 2');
      expect(await lives.readLast()).toEqual({ runId: 'run 2', endedCleanly: false });
    });

    it('keep the marks of this consumer, and of all that lived in the same run', async () => {
      const other = new LifeRecords(getStore(), 'b');
      await lives.mark([ref(1), ref(2)], 'run 1', ({ sequence }) => sequence);
      await other.mark([ref(1)], 'run 2', () => 0);
      await lives.mark([ref(2)], 'run 2', () => 5);
      const marks = await lives.listMarks('run 2');
      expect(marks.toSorted((x, y) => x.consumer.localeCompare(y.consumer) || x.kills - y.kills)).toEqual([
        { consumer: 'a', ref: ref(1), runId: 'run 1', kills: 1 },
        { consumer: 'a', ref: ref(2), runId: 'run 2', kills: 5 },
        { consumer: 'b', ref: ref(1), runId: 'run 2', kills: 0 },
      ]);
      await lives.unmark([ref(1), ref(2)]);
      expect((await lives.listMarks('run 2')).map(({ consumer }) => consumer)).toEqual(['b']);
      expect((await lives.listMarks('run 3')).length).toBe(0);
    });
  });

  describe('sweeps', () => {
    it('keep how far was looked, for each stream', async () => {
      const sweeps = new SweepRecords(getStore(), 'a');
      expect(await sweeps.read('CRM_EVENTS', 'i1')).toBeUndefined();
      await sweeps.save('CRM_EVENTS', 'i1', { sweptTo: 2 ** 40, advisedTo: 1 });
      await sweeps.save('CRM_EVENTS', 'i1', { sweptTo: 2 ** 40 + 1, advisedTo: 2 });
      await sweeps.save('CRM_DIRECT', 'i1', { sweptTo: 3, advisedTo: 3 });
      expect(await sweeps.read('CRM_EVENTS', 'i1')).toEqual({ sweptTo: 2 ** 40 + 1, advisedTo: 2 });
      expect(await sweeps.read('CRM_EVENTS', 'i2')).toBeUndefined();
      expect(await new SweepRecords(getStore(), 'b').read('CRM_EVENTS', 'i1')).toBeUndefined();
    });
  });
}
