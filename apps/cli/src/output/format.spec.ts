import { describe, expect, it } from 'vitest';
import { cutText, formatAge, formatBytes, formatCount, formatDuration } from './format.js';

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [340.4, '340 ms'],
    [1_500, '1.5 s'],
    [2_000, '2 s'],
    [90_000, '90 s'],
    [180_000, '3 min'],
    [5 * 3_600_000, '5 h'],
    [72 * 3_600_000, '3 d'],
  ])('%s → %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_024, '1 KiB'],
    [2_621_440, '2.5 MiB'],
    [2 ** 50, '1024 TiB'],
  ])('%s → %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

it('formats counts', () => expect(formatCount(1_234_567)).toBe('1,234,567'));

it.each([
  [undefined, 'never'],
  ['2026-01-01T00:00:00Z', '5 s ago'],
  ['2026-01-01T00:00:06Z', 'now'],
  ['not a time', 'not a time'],
])('formats the age of %s', (time, text) => expect(formatAge(time, Date.parse('2026-01-01T00:00:05Z'))).toBe(text));

it.each([
  ['short', 10, 'short'],
  ['two\n lines', 20, 'two lines'],
  ['rather long', 7, 'rather…'],
])('cuts %j', (text, length, expected) => expect(cutText(text, length)).toBe(expected));
