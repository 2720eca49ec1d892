import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogPosition } from './log-position.js';

describe('LogPosition', () => {
  it('stays below a sequence that is missing, and says which are', () => {
    const position = new LogPosition(10);
    position.mark(11);
    position.mark(15);
    position.mark(14);
    expect(position.upTo).toBe(11);
    expect(position.gap()).toEqual({ from: 12, to: 13 });
  });

  it('jumps over what the stream no longer holds', () => {
    const position = new LogPosition(0);
    position.mark(3);
    position.mark(5);
    position.advanceTo(2);
    expect(position.upTo).toBe(3);
    expect(position.gap()).toEqual({ from: 4, to: 4 });
    position.advanceTo(9);
    expect([position.upTo, position.gap()]).toEqual([9, undefined]);
  });

  it('is at the end after any order and repetition', () => {
    const orders = fc.shuffledSubarray(
      Array.from({ length: 40 }, (_, index) => (index % 30) + 1),
      { minLength: 40 },
    );
    fc.assert(
      fc.property(orders, (sequences) => {
        const position = new LogPosition(0);
        for (const sequence of sequences) position.mark(sequence);
        return position.upTo === 30 && position.gap() === undefined;
      }),
    );
  });
});
