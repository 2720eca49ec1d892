import { describe, expect, it } from 'vitest';
import type { ItemRef } from './store/item-rows.js';
import type { Mark } from './store/life-records.js';
import { chooseBatchSize, decideSuspicion, isCondemned } from './suspicion.js';

const ref = (sequence: number): ItemRef => ({ stream: 'CRM_EVENTS', incarnation: 'i', sequence });
const mark = (sequence: number, part: Partial<Mark> = {}): Mark => ({
  ...{ consumer: 'me', ref: ref(sequence), runId: 'last', kills: 0 },
  ...part,
});
const unclean = { runId: 'last', endedCleanly: false };

describe('decideSuspicion', () => {
  it.each([
    ['nobody knows of a life before', undefined, [], 'none', []],
    ['it ended cleanly', { ...unclean, endedCleanly: true }, [mark(1)], 'none', []],
    ['nothing was marked: it was an ordinary run', unclean, [], 'all', []],
    ['one ran alone', unclean, [mark(1)], 'marked', [1]],
    ['one ran alone again', unclean, [mark(1, { kills: 1 })], 'marked', [2]],
    ['several ran together', unclean, [mark(1), mark(2, { kills: 1 })], 'marked', [0, 1]],
    ['another consumer ran alone', unclean, [mark(1, { consumer: 'other' })], 'none', []],
    ['of two consumers each had one', unclean, [mark(1), mark(2, { consumer: 'other' })], 'marked', [0]],
    [
      'marked in an older life, and it ended before it ran again',
      unclean,
      [mark(1, { runId: 'older', kills: 1 })],
      'all',
      [1],
    ],
  ] as const)('%s', (_name, last, marks, whom, kills) => {
    const suspicion = decideSuspicion(last, marks, 'me');
    expect([suspicion.whom, [...suspicion.kills.values()]]).toEqual([whom, kills]);
  });

  it('condemns who was alone at three unclean ends', () => {
    expect(isCondemned(decideSuspicion(unclean, [mark(1, { kills: 1 })], 'me'), ref(1))).toBe(false);
    expect(isCondemned(decideSuspicion(unclean, [mark(1, { kills: 2 })], 'me'), ref(1))).toBe(true);
    expect(isCondemned(decideSuspicion(unclean, [mark(1, { kills: 2 })], 'me'), ref(2))).toBe(false);
  });
});

it('finds one among thousands in few crashes', () => {
  let suspects = 5_000;
  let crashes = 1;
  for (; suspects > 1; crashes++) suspects = chooseBatchSize(suspects);
  expect(crashes).toBeLessThanOrEqual(4);
  expect([1, 16].map(chooseBatchSize)).toEqual([1, 1]);
});
