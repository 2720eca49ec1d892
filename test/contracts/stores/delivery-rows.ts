import { beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '@crm-mesh/store';
import { DeliveryRecords } from '../../../libs/delivery/src/store/delivery-records.js';
import { EpochFence } from '../../../libs/delivery/src/store/epoch-fence.js';
import { HoldRecords } from '../../../libs/delivery/src/store/hold-records.js';
import { keyOf, type ItemRef } from '../../../libs/delivery/src/store/item-rows.js';
import { ParkedRecords } from '../../../libs/delivery/src/store/parked-records.js';
import { readParkedLane, readTraceRows } from '../../../libs/delivery/src/store/trace-rows.js';

export const ref = (sequence: number, incarnation = 'i1'): ItemRef => ({ stream: 'CRM_EVENTS', incarnation, sequence });
const failure = { at: '2026-01-01T00:00:00Z', error: { name: 'Error', message: 'no \u0000 ä' } };

export function describeDeliveryRows(getStore: () => Store): void {
  describe('inbox and failures', () => {
    let store: Store;
    let records: DeliveryRecords;
    beforeEach(() => {
      store = getStore();
      records = new DeliveryRecords(store, 'a');
    });

    it('knows what is done and what has failed, for this consumer and this incarnation alone', async () => {
      await records.recordFailures([{ ref: ref(2), attempts: 3, history: [failure] }]);
      await records.recordDone([ref(1), ref(3)], [], 0);
      const known = await records.lookUp([ref(1), ref(2), ref(3), ref(4), ref(1, 'i2')]);
      expect(Object.fromEntries(known)).toEqual({
        [keyOf(ref(1))]: { done: true, attempts: 0, history: [] },
        [keyOf(ref(2))]: { done: false, attempts: 3, history: [failure] },
        [keyOf(ref(3))]: { done: true, attempts: 0, history: [] },
      });
      expect(await new DeliveryRecords(store, 'b').lookUp([ref(1), ref(2)])).toEqual(new Map());
      expect(await records.highestKnown('CRM_EVENTS', 'i1')).toBe(3);
      expect(await records.highestKnown('CRM_EVENTS', 'i2')).toBe(0);
    });

    it('tells all that is known of messages, and of the lane in which one waits', async () => {
      const parked = new ParkedRecords(store, 'a');
      const receipts = [{ ref: ref(1), subject: 'crm.t.c.deal.won.1', json: '{"n":1}' }];
      await records.recordDone([ref(1)], [], 2 ** 41, receipts);
      await records.recordFailures([{ ref: ref(2), attempts: 1, history: [failure] }]);
      const waiting = { lane: 'l', subject: 's', dueMs: 2 ** 42 };
      await parked.park([2, 3].map((sequence) => ({ ...waiting, ref: ref(sequence), ordinal: sequence })));
      const rows = await readTraceRows(store, 'a', [ref(1), ref(2), ref(3), ref(4)]);
      const { keptAtMs } = rows.get(keyOf(ref(1)))!.receipt!;
      expect(Object.fromEntries(rows)).toEqual({
        [keyOf(ref(1))]: { doneAtMs: 2 ** 41, receipt: { json: '{"n":1}', keptAtMs } },
        [keyOf(ref(2))]: { attempts: 1, history: [failure], lane: 'l' },
        [keyOf(ref(3))]: { lane: 'l' },
      });
      expect(await readParkedLane(store, 'a', 'l')).toEqual({ dueMs: 2 ** 42, waiting: 2 });
      const letter = { incarnation: 'i', sequence: 17 };
      await new HoldRecords(store, 'a').add([{ lane: 'l', ref: ref(9), subject: 's', ordinal: 1, letter }]);
      expect(await readParkedLane(store, 'a', 'l')).toMatchObject({ heldBy: 17 });
      expect(await readParkedLane(store, 'b', 'l')).toBeUndefined();
    });

    it('takes hundreds at once, and the same twice', async () => {
      const refs = Array.from({ length: 350 }, (_, i) => ref(i + 1));
      await records.recordDone(refs, [], 0);
      await records.recordDone([...refs, ...refs.slice(0, 3)], [], 0);
      expect((await records.lookUp(refs)).size).toBe(350);
    });

    it('keeps sequences and times that are longer than 32 bits', async () => {
      const [far, nowMs] = [2 ** 40, Date.now()];
      await records.recordDone([ref(far)], [], nowMs);
      expect(await records.highestKnown('CRM_EVENTS', 'i1')).toBe(far);
      expect(await records.pruneInbox(ref(far + 1), nowMs)).toBe(0);
      expect(await records.pruneInbox(ref(far + 1), nowMs + 1)).toBe(1);
    });

    it('forgets the failures of what is done, in the same transaction', async () => {
      await records.recordFailures([{ ref: ref(1), attempts: 1, history: [failure] }]);
      await records.recordFailures([{ ref: ref(1), attempts: 2, history: [failure, failure] }]);
      expect((await records.lookUp([ref(1)])).get(keyOf(ref(1)))).toMatchObject({ attempts: 2 });
      await records.recordDone([ref(1)], [ref(1)], 0);
      expect(await store.read('SELECT * FROM delivery_failures')).toEqual([]);
    });

    it('prunes the inbox below the floor, and only what is old', async () => {
      await records.recordDone([ref(1)], [], 10);
      await records.recordDone([ref(2)], [], 99);
      await records.recordDone([ref(3)], [], 10);
      expect(await records.pruneInbox(ref(3), 50)).toBe(1);
      expect([...(await records.lookUp([ref(1), ref(2), ref(3)])).keys()]).toEqual([keyOf(ref(2)), keyOf(ref(3))]);
    });
  });

  describe('parked lanes', () => {
    const item = (sequence: number, ordinal: number, lane = 'x') => ({
      ...{ ref: ref(sequence), subject: `s${sequence}`, lane, ordinal },
      dueMs: 100 + ordinal,
    });
    let parked: ParkedRecords;
    let records: DeliveryRecords;
    beforeEach(() => {
      parked = new ParkedRecords(getStore(), 'a');
      records = new DeliveryRecords(getStore(), 'a');
    });

    it('keep the order in which they were parked', async () => {
      expect(await parked.park([item(5, 1), item(6, 2), item(9, 3, 'y')])).toBe(3);
      expect(await parked.park([item(6, 4), item(7, 5)])).toBe(1);
      expect(await parked.highestOrdinal()).toBe(5);
      const lanes = await parked.listLanes();
      expect(lanes.toSorted((a, b) => a.lane.localeCompare(b.lane))).toEqual([
        { lane: 'x', dueMs: 102, count: 3 },
        { lane: 'y', dueMs: 103, count: 1 },
      ]);
      expect((await parked.read('x', 2)).map(({ ref: { sequence } }) => sequence)).toEqual([5, 6]);
      expect(await parked.listAmong([ref(5), ref(8), ref(9), ref(5, 'i2')])).toEqual(
        new Set([keyOf(ref(5)), keyOf(ref(9))]),
      );
    });

    it('let go of what is settled, and remember it where they should', async () => {
      await parked.park([item(5, 1), item(6, 2), item(7, 3), item(9, 4, 'y')]);
      await records.recordFailures([{ ref: ref(5), attempts: 1, history: [failure] }]);
      await parked.settle([ref(5)], true, 0);
      await parked.postponeLane('x', 900);
      expect((await parked.read('x', 9)).map(({ subject }) => subject)).toEqual(['s6', 's7']);
      expect((await parked.listLanes()).find(({ lane }) => lane === 'x')).toMatchObject({ dueMs: 900, count: 2 });
      expect((await records.lookUp([ref(5)])).get(keyOf(ref(5)))).toEqual({ done: true, attempts: 0, history: [] });
      await parked.settle([ref(6), ref(7)], false, 0);
      expect((await records.lookUp([ref(6)])).size).toBe(0);
      await parked.removeLane('x');
      expect((await parked.listLanes()).map(({ lane }) => lane)).toEqual(['y']);
    });

    it('are each consumer’s own', async () => {
      await parked.park([item(5, 1)]);
      const other = new ParkedRecords(getStore(), 'b');
      expect(await other.park([item(5, 1)])).toBe(1);
      await other.settle([ref(5)], true, 0);
      await other.removeLane('x');
      expect(await other.listLanes()).toEqual([]);
      expect(await parked.listLanes()).toEqual([{ lane: 'x', dueMs: 101, count: 1 }]);
    });

    it('take any text for a key that may be one', async () => {
      const lane = `ä 😀 ' ? ${'x'.repeat(500)}`;
      await parked.park([item(5, 1, lane)]);
      expect((await parked.listLanes()).map((row) => row.lane)).toEqual([lane]);
      expect(await parked.read(lane, 1)).toEqual([{ ref: ref(5), subject: 's5', ordinal: 1 }]);
    });
  });

  describe('the epoch', () => {
    const underEpoch = (epoch: number) => {
      const fence = new EpochFence(getStore(), 'a', epoch);
      return {
        fence,
        records: new DeliveryRecords(getStore(), 'a', fence),
        parked: new ParkedRecords(getStore(), 'a', fence),
      };
    };
    const inboxSize = async () => (await getStore().read('SELECT 1 FROM delivery_inbox')).length;

    it('of a newer process keeps the older one from writing anything more', async () => {
      const [older, newer] = [underEpoch(7), underEpoch(8)];
      await older.fence.takeOver();
      await older.records.recordDone([ref(1)], [], 0);
      await newer.fence.takeOver();
      const writes = [
        () => older.records.recordDone([ref(2)], [], 0),
        () => older.records.recordFailures([{ ref: ref(2), attempts: 1, history: [] }]),
        () => older.records.recordDone([], [ref(2)], 0),
        () => older.records.pruneInbox(ref(9), 9),
        () => older.parked.park([{ ref: ref(2), subject: 's', lane: 'x', ordinal: 1, dueMs: 1 }]),
        () => older.parked.settle([ref(2)], true, 0),
        () => older.parked.postponeLane('x', 1),
        () => older.parked.removeLane('x'),
        () => older.fence.takeOver(),
      ];
      for (const write of writes) await expect(write()).rejects.toThrow('another process has taken over');
      await newer.records.recordDone([ref(3)], [], 0);
      expect(await inboxSize()).toBe(2);
    });

    it('waits for what the older one is writing, and shuts out what it writes next', async () => {
      const [older, newer] = [underEpoch(7), underEpoch(8)];
      await older.fence.takeOver();
      const order: string[] = [];
      let finish: () => void = () => undefined;
      let begun: () => void = () => undefined;
      const hasBegun = new Promise<void>((resolve) => (begun = resolve));
      const writing = older.fence
        .write(async (tx) => {
          begun();
          await new Promise<void>((resolve) => (finish = resolve));
          await tx.run('INSERT INTO delivery_inbox VALUES (?, ?, ?, ?, ?)', ['a', 'CRM_EVENTS', 'i1', 1, 0]);
        })
        .then(() => order.push('written'));
      await hasBegun;
      const taking = newer.fence.takeOver().then(() => order.push('taken over'));
      const late = older.records.recordDone([ref(2)], [], 0).then(
        () => order.push('late'),
        () => order.push('refused'),
      );
      finish();
      await Promise.all([writing, taking, late]);
      expect(order.indexOf('written')).toBeLessThan(order.indexOf('taken over'));
      const after = underEpoch(7).records.recordDone([ref(3)], [], 0);
      await expect(after).rejects.toThrow('another process has taken over');
      expect(await inboxSize()).toBe(order.includes('late') ? 2 : 1);
    });

    it('does not hinder another consumer', async () => {
      await underEpoch(8).fence.takeOver();
      await new EpochFence(getStore(), 'b', 1).takeOver();
      await new DeliveryRecords(getStore(), 'c').recordDone([ref(1)], [], 0);
      expect(await inboxSize()).toBe(1);
    });
  });
}
