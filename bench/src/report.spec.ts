import { describe, expect, it } from 'vitest';
import type { BenchCase } from './bench-case.js';
import { formatJsonLine, formatTable, type Result } from './report.js';

const benchCase: BenchCase = {
  name: 'publish',
  reference: 'stock',
  unit: 'events/s',
  goal: { kind: 'ratio-at-least', target: 2.5 },
  events: 1,
  open: () => Promise.reject(new Error('not here')),
};
const summary = { ratio: 2.71828, value: 51_234.567, noise: 0.0444, holds: true, rounds: 5 };
const measured: Result = { benchCase, kind: 'measured', summary };
const skipped: Result = { benchCase, kind: 'skipped', reason: 'no such program' };
const failed: Result = { benchCase, kind: 'failed', reason: '9 instead of 10' };
const nothing = { ratio: null, holds: null, rounds: 0, noise: null, value: null };
const always = { case: 'publish', reference: 'stock', target: 2.5, unit: 'events/s' };

describe('formatJsonLine', () => {
  it.each([
    [measured, { ...always, ratio: 2.718, holds: true, rounds: 5, noise: 0.044, value: 51_234.57 }],
    [skipped, { ...always, ...nothing, skipped: 'no such program' }],
    [failed, { ...always, ...nothing, failed: '9 instead of 10' }],
  ])('$kind', (result, expected) => {
    const line = formatJsonLine(result);
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual(expected);
  });
});

it('formatTable tells all of it', () => {
  const text = formatTable([measured, skipped, failed]);
  for (const word of [
    '2.72',
    '≥ 2.5',
    'yes',
    '±4 %',
    '51,235 events/s',
    'skipped: no such program',
    'failed: 9 instead',
  ]) {
    expect(text).toContain(word);
  }
});
