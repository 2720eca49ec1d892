import { describe, expect, it } from 'vitest';
import { parseBytes, parseDurationMs } from './quantities.js';
import { suggestName } from './suggest-name.js';

describe('parseDurationMs', () => {
  it.each([
    ['7d', 604_800_000],
    ['1.5h', 5_400_000],
    ['30s', 30_000],
    ['250 ms', 250],
    ['0', 0],
    [0, 0],
    [7, undefined],
    ['7', undefined],
    ['-7d', undefined],
    ['seven days', undefined],
    ['7d extra', undefined],
    [null, undefined],
  ])('%j → %s', (text, expected) => expect(parseDurationMs(text)).toBe(expected));
});

describe('parseBytes', () => {
  it.each([
    ['2mb', 2_097_152],
    ['512KB', 524_288],
    ['1048576', 1_048_576],
    [0, 0],
    [1.5, undefined],
    [-1, undefined],
    ['2mb extra', undefined],
    ['-2mb', undefined],
    ['lots', undefined],
  ])('%j → %s', (text, expected) => expect(parseBytes(text)).toBe(expected));
});

describe('suggestName', () => {
  it.each([
    ['souce', 'source'],
    ['SOURCE', 'source'],
    ['conection', 'connection'],
    ['banana', undefined],
  ])('%s → %s', (name, expected) => expect(suggestName(name, ['source', 'connection', 'tenant'])).toBe(expected));

  it('has nothing to say where nothing is known', () => expect(suggestName('a', [])).toBeUndefined());
});
