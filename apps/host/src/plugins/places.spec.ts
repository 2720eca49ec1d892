import { expect, it } from 'vitest';
import { Places } from './places.js';

it('lets so many in at once, the first that came first, also behind one that failed', async () => {
  const places = new Places(2);
  const began: number[] = [];
  const ends: (() => void)[] = [];
  const take = (id: number) =>
    places.take(async () => {
      began.push(id);
      await new Promise<void>((resolve) => (ends[id] = resolve));
      if (id === 0) throw new Error('it failed');
    });
  const all = [0, 1, 2, 3].map(take);
  expect(began).toEqual([0, 1]);
  ends[0]!();
  await expect(all[0]).rejects.toThrow('it failed');
  expect(began).toEqual([0, 1, 2]);
  ends[1]!();
  await all[1];
  expect(began).toEqual([0, 1, 2, 3]);
  ends[2]!();
  ends[3]!();
  await Promise.all(all.slice(1));
});
