import { expect, it } from 'vitest';
import type { Side } from './bench-case.js';
import { runOnce, runRounds } from './rounds.js';

it('warms both sides, then turns the order round from round to round', async () => {
  const order: Side[] = [];
  const measure = (side: Side): Promise<number> => Promise.resolve(order.push(side));
  const rounds = await runRounds({ measure }, 2, () => undefined);
  expect(order.slice(0, 2).toSorted()).toEqual(['ours', 'reference']);
  expect(order.slice(2)).toEqual(['reference', 'reference', 'ours', 'ours', 'reference', 'reference']);
  // Each number is the turn at which it was measured: ours and its reference are neighbours.
  expect(rounds).toEqual([
    { again: 3, reference: 4, ours: 5 },
    { ours: 6, reference: 7, again: 8 },
  ]);
});

it('measures ours alone, and before its reference, where once is enough', async () => {
  const order: Side[] = [];
  const measure = (side: Side): Promise<number> => Promise.resolve(order.push(side));
  expect(await runOnce({ measure })).toEqual({ ours: 1, reference: 2, again: 2 });
  expect(order).toEqual(['ours', 'reference']);
});
