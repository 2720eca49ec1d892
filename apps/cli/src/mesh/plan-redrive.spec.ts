import { expect, it } from 'vitest';
import { chooseStepSize, planRedrive } from './plan-redrive.js';

type Letter = [consumer: string, sequence: number, originalSequence: number];

it.each<[Letter[], [string, number[]][]]>([
  [[], []],
  [
    [
      ['a', 3, 30],
      ['b', 2, 20],
      ['a', 1, 10],
      ['a', 1, 10],
      ['a', 9, 90],
    ],
    [
      ['a', [1, 3]],
      ['a', [9]],
      ['b', [2]],
    ],
  ],
  // Buried later, told earlier; and two letters of one event.
  [
    [
      ['a', 1, 20],
      ['a', 3, 10],
      ['a', 2, 10],
    ],
    [
      ['a', [2, 3]],
      ['a', [1]],
    ],
  ],
])('%j', (letters, steps) => {
  const places = letters.map(([consumer, sequence, originalSequence]) => ({ consumer, sequence, originalSequence }));
  expect(planRedrive(places, 2)).toEqual(steps.map(([consumer, sequences]) => ({ consumer, sequences })));
});

it.each([
  [undefined, 50],
  [0.5, 1],
  [7.9, 7],
  [1_000, 50],
])('at %s a second, steps of %s', (perSecond, size) => expect(chooseStepSize(perSecond)).toBe(size));
