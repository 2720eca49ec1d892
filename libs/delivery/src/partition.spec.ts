import { describe, expect, it } from 'vitest';
import { choosePartition, listPartitions, nameDurable, ownsLane, readPartition } from './partition.js';

describe('a partition', () => {
  it.each([
    [undefined, 'billing'],
    [{ index: 1, count: 1 }, 'billing'],
    [{ index: 2, count: 4 }, 'billing_p2of4'],
  ])('%j has the durable %s', (partition, durable) => {
    expect(nameDurable({ name: 'billing', ...(partition ? { partition } : {}) })).toBe(durable);
    expect(readPartition(durable, 'billing')).toEqual(partition ?? { index: 1, count: 1 });
  });

  it.each(['billing-p1of2', 'billing_p1', 'billing_p1of2x', 'other_p1of2', 'billing2_p1of2'])(
    'of billing does not have the durable %s',
    (durable) => expect(readPartition(durable, 'billing')).toBeUndefined(),
  );

  it('has about as many lanes as the others, and each lane is in one', () => {
    const lanes = Array.from({ length: 10_000 }, (_, n) => `acme.hubspot.deal.${n}`);
    for (const count of [2, 3, 4, 16]) {
      const parts = listPartitions(count).map((partition) => lanes.filter((lane) => ownsLane(partition, lane)).length);
      expect(parts.reduce((sum, part) => sum + part, 0)).toBe(lanes.length);
      for (const part of parts) expect(Math.abs(part / (lanes.length / count) - 1)).toBeLessThan(0.15);
    }
  });

  // Never to change: a record that moves is run by two hosts at once.
  it('of a lane is the same for ever', () => {
    const lanes = ['acme.shop.company.1', 'acme.shop.company.2', 'acme.hubspot.deal.4711', 'żółw'];
    expect(lanes.map((lane) => [choosePartition(lane, 4), choosePartition(lane, 7)])).toEqual([
      [4, 6],
      [3, 4],
      [4, 6],
      [3, 4],
    ]);
  });
});
