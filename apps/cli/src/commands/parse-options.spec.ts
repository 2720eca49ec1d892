import { describe, expect, it } from 'vitest';
import { collectSequences, parseDuration, parsePort } from './parse-options.js';

describe('parsePort', () => {
  it.each([
    ['0', 0],
    ['8080', 8080],
    ['65535', 65_535],
  ])('%s', (text, port) => expect(parsePort(text)).toBe(port));
  it.each(['-1', '65536', 'x', '', '80.5'])('refuses %j', (text) => expect(() => parsePort(text)).toThrow(/port/));
});

describe('parseDuration', () => {
  it.each([
    ['30s', 30_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
  ])('%s', (text, expected) => expect(parseDuration(text)).toBe(expected));
  it.each(['30', 'soon', '-5m', ''])('refuses %j', (text) => expect(() => parseDuration(text)).toThrow(/duration/));
});

it('collects sequences', () => {
  expect(collectSequences('7', [3])).toEqual([3, 7]);
  expect(() => collectSequences('0')).toThrow(/whole number/);
});
