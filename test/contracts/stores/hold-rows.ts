import { beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '@crm-mesh/store';
import { DeliveryRecords } from '../../../libs/delivery/src/store/delivery-records.js';
import { HoldRecords, type Hold } from '../../../libs/delivery/src/store/hold-records.js';
import { ParkedRecords } from '../../../libs/delivery/src/store/parked-records.js';
import { ref } from './delivery-rows.js';

export function describeHoldRows(getStore: () => Store): void {
  describe('held lanes', () => {
    const hold = (sequence: number, ordinal: number, letter = 1): Hold => ({
      ...{ lane: 'x', ref: ref(sequence), subject: `s${sequence}`, ordinal },
      letter: { incarnation: 'd1', sequence: letter },
    });
    let holds: HoldRecords;
    let parked: ParkedRecords;
    beforeEach(() => {
      holds = new HoldRecords(getStore(), 'a');
      parked = new ParkedRecords(getStore(), 'a');
    });

    it('are parked lanes, by place, with the letter that was buried last', async () => {
      await holds.add([hold(6, 2), hold(5, 1)]);
      await holds.add([hold(5, 1, 7)]);
      expect(await holds.list()).toEqual([hold(5, 1, 7), hold(6, 2)]);
      expect(await new HoldRecords(getStore(), 'b').list()).toEqual([]);
      expect(await parked.listLanes()).toEqual([{ lane: 'x', dueMs: 0, count: 0 }]);
      expect(await parked.highestOrdinal()).toBe(2);
    });

    it('give their place to what is redriven, wherever that stood', async () => {
      const redriven = { ...ref(70), stream: 'CRM_DIRECT' };
      await holds.add([hold(5, 1), hold(6, 2)]);
      await parked.park([{ ref: redriven, subject: 's5', lane: 'y', ordinal: 9, dueMs: 0 }]);
      await holds.replace(hold(5, 1), redriven);
      expect(await holds.list()).toEqual([hold(6, 2)]);
      expect(await parked.read('x', 9)).toEqual([{ ref: redriven, subject: 's5', ordinal: 1 }]);
      expect(await new DeliveryRecords(getStore(), 'a').highestKnown('CRM_DIRECT', 'i1')).toBe(70);
    });

    it('are let go one by one, or all', async () => {
      await holds.add([hold(5, 1), hold(6, 2), hold(7, 3)]);
      await holds.remove(hold(6, 2));
      expect(await holds.list()).toEqual([hold(5, 1), hold(7, 3)]);
      await holds.removeAll();
      expect(await holds.list()).toEqual([]);
    });
  });
}
