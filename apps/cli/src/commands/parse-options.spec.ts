import { describe, expect, it } from 'vitest';
import { collectSequences, parseDuration, parsePace, parsePort } from './parse-options.js';

describe('parsePort', () => {
  it.each([
    ['0', 0],
    ['8080', 8080],
    ['65535', 65_535],
  ])('%s', (text, port) => expect(parsePort(text)).toBe(port));
  it.each(['-1', '65536', 'x', '', '80.5'])('refuses %j', (text) => expect(() => parsePort(text)).toThrow(/port/));
});

describe('parsePace', () => {
  it.each([
    ['0', 0],
    ['60', 60],
    ['0.5', 0.5],
  ])('%s', (text, pace) => expect(parsePace(text)).toBe(pace));
  it.each(['abc', '-1', '', '1e3', '60/min'])('refuses %j', (text) => expect(() => parsePace(text)).toThrow(/number/));
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
