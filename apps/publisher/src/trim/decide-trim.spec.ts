import { describe, expect, it } from 'vitest';
import { chooseProbe, decideTrim } from './decide-trim.js';

describe('chooseProbe', () => {
  it.each([
    ['a whole step', { firstSequence: 1, settledSequence: 50_000, step: 10_000 }, 10_000],
    ['no farther than what is settled', { firstSequence: 1, settledSequence: 7, step: 10_000 }, 7],
    ['one message', { firstSequence: 5, settledSequence: 9, step: 1 }, 5],
    ['nothing settled', { firstSequence: 5, settledSequence: 4, step: 10 }, undefined],
    ['an empty stream', { firstSequence: 101, settledSequence: 100, step: 10 }, undefined],
  ])('%s', (_name, state, sequence) => {
    expect(chooseProbe(state)).toBe(sequence);
  });
});

describe('decideTrim', () => {
  const options = { step: 8, youngestMs: 1_000 };
  it.each([
    ['old: purged with what is below', 20, { sequence: 20, storedAtMs: 1_000 }, options, { kind: 'purge', below: 21 }],
    ['gone already: what is below too', 20, undefined, options, { kind: 'purge', below: 21 }],
    ['young: looks nearer', 20, { sequence: 20, storedAtMs: 1_001 }, options, { kind: 'narrow', step: 4 }],
    ['the very first is young', 20, { sequence: 20, storedAtMs: 2_000 }, { ...options, step: 1 }, { kind: 'stop' }],
  ] as const)('%s', (_name, sequence, probe, limits, decision) => {
    expect(decideTrim(sequence, probe, limits)).toEqual(decision);
  });
});
