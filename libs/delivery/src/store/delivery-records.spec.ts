import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore, type Store } from '@crm-mesh/store';
import { DeliveryRecords, keyOf, type ItemRef } from './delivery-records.js';
import { DELIVERY_MIGRATIONS } from './migrations.js';

const ref = (sequence: number, incarnation = 'i1'): ItemRef => ({ stream: 'CRM_EVENTS', incarnation, sequence });
const failure = { at: '2026-01-01T00:00:00Z', error: { name: 'Error', message: 'no' } };

describe("the engine's rows", () => {
  let store: Store;
  let records: DeliveryRecords;

  beforeEach(async () => {
    store = await openStore({ url: 'sqlite::memory:', migrations: DELIVERY_MIGRATIONS });
    records = new DeliveryRecords(store, 'a');
  });
  afterEach(() => store.close());

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

  it('takes hundreds at once, and the same twice', async () => {
    const refs = Array.from({ length: 350 }, (_, i) => ref(i + 1));
    await records.recordDone(refs, [], 0);
    await records.recordDone(refs, [], 0);
    expect((await records.lookUp(refs)).size).toBe(350);
  });

  it('forgets the failures of what is done, in the same transaction', async () => {
    await records.recordFailures([{ ref: ref(1), attempts: 1, history: [failure] }]);
    await records.recordFailures([{ ref: ref(1), attempts: 2, history: [failure, failure] }]);
    expect((await records.lookUp([ref(1)])).get(keyOf(ref(1)))).toMatchObject({ attempts: 2 });
    await records.recordDone([ref(1)], [ref(1)], 0);
    expect(await store.read('SELECT * FROM delivery_failures')).toEqual([]);
  });

  it('keeps parked lanes in the order in which they were parked', async () => {
    const park = (sequence: number, ordinal: number, lane = 'x') => ({
      ref: ref(sequence),
      subject: `s${sequence}`,
      lane,
      ordinal,
      dueMs: 100 + ordinal,
    });
    expect(await records.park([park(5, 1), park(6, 2), park(9, 3, 'y')])).toBe(3);
    expect(await records.park([park(6, 4), park(7, 5)])).toBe(1);
    expect(await records.highestOrdinal()).toBe(5);
    const lanes = await records.listParkedLanes();
    expect(lanes.toSorted((a, b) => a.lane.localeCompare(b.lane))).toEqual([
      { lane: 'x', dueMs: 102, count: 3 },
      { lane: 'y', dueMs: 103, count: 1 },
    ]);
    expect((await records.readParked('x', 2)).map(({ ref: { sequence } }) => sequence)).toEqual([5, 6]);

    await records.settleParked([ref(5)], true, 0);
    await records.postponeLane('x', 900);
    expect((await records.readParked('x', 9)).map(({ subject }) => subject)).toEqual(['s6', 's7']);
    expect((await records.lookUp([ref(5)])).get(keyOf(ref(5)))?.done).toBe(true);
    await records.settleParked([ref(6), ref(7)], false, 0);
    expect((await records.lookUp([ref(6)])).size).toBe(0);
    await records.removeLane('x');
    expect((await records.listParkedLanes()).map(({ lane }) => lane)).toEqual(['y']);
  });

  it('prunes the inbox below the floor, and only what is old', async () => {
    await records.recordDone([ref(1)], [], 10);
    await records.recordDone([ref(2)], [], 99);
    await records.recordDone([ref(3)], [], 10);
    expect(await records.pruneInbox(ref(3), 50)).toBe(1);
    expect([...(await records.lookUp([ref(1), ref(2), ref(3)])).keys()]).toEqual([keyOf(ref(2)), keyOf(ref(3))]);
  });
});
