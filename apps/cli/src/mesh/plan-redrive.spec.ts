import { expect, it } from 'vitest';
import { planRedrive } from './plan-redrive.js';

it.each([
  [[], []],
  [
    [
      ['a', 3],
      ['b', 2],
      ['a', 1],
      ['a', 1],
      ['a', 9],
    ],
    [
      ['a', [1, 3]],
      ['a', [9]],
      ['b', [2]],
    ],
  ],
])('%j', (letters, steps) => {
  const input = (letters as [string, number][]).map(([consumer, sequence]) => ({ consumer, sequence }));
  const expected = (steps as [string, number[]][]).map(([consumer, sequences]) => ({ consumer, sequences }));
  expect(planRedrive(input, 2)).toEqual(expected);
});
