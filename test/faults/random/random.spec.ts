import { describe, expect, it } from 'vitest';
import { createRandom } from './random.js';

const draw = (seed: number, label: string) => Array.from({ length: 5 }, createRandom(seed, label).next);

describe('createRandom', () => {
  it('repeats itself for one seed and label, and for no other', () => {
    expect(draw(7, 'load')).toEqual(draw(7, 'load'));
    expect(draw(7, 'load')).not.toEqual(draw(8, 'load'));
    expect(draw(7, 'load')).not.toEqual(draw(7, 'faults'));
  });

  it('reaches both ends and nothing beyond', () => {
    const { between } = createRandom(1, 'ends');
    expect([...new Set(Array.from({ length: 200 }, () => between(1, 3)))].toSorted()).toEqual([1, 2, 3]);
  });
});
