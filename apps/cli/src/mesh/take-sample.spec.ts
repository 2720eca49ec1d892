import { expect, it } from 'vitest';
import { takeSample } from './take-sample.js';

it.each([
  [[], 3, []],
  [[1, 2], 3, [1, 2]],
  [[1, 2, 3, 4, 5, 6], 3, [1, 3, 5]],
  [[1, 2, 3, 4, 5, 6, 7], 1, [1]],
])('of %j, %i: %j', (all, count, sample) => expect(takeSample(all, count)).toEqual(sample));
