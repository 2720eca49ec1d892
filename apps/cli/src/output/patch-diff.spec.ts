import { expect, it } from 'vitest';
import { renderDiff } from './patch-diff.js';

// oxlint-disable-next-line no-control-regex -- colours
const plain = (lines: string[]): string[] => lines.map((line) => line.replaceAll(/\u001B\[\d+m/g, ''));

it('shows what goes and what comes, with a little around it', () => {
  const before = { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9 };
  expect(plain(renderDiff(before, { ...before, b: 'two', i: undefined }))).toEqual([
    ' {',
    '   "a": 1,',
    '-  "b": 2,',
    '+  "b": "two",',
    '   "c": 3,',
    '   "d": 4,',
    '  …',
    '   "f": 6,',
    '   "g": 7,',
    '-  "h": 8,',
    '-  "i": 9',
    '+  "h": 8',
    ' }',
  ]);
  expect(renderDiff(before, before)).toEqual([]);
});
