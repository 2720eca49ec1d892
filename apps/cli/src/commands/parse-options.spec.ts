import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  collectSequences,
  parseDuration,
  parseMoment,
  parsePace,
  parsePercent,
  parsePort,
  parseRate,
} from './parse-options.js';

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

describe('parsePercent', () => {
  it.each([
    ['0', 0],
    ['2.5', 2.5],
    ['100', 100],
  ])('%s', (text, percent) => expect(parsePercent(text)).toBe(percent));
  it.each(['101', '-1', '', '5%'])('refuses %j', (text) => expect(() => parsePercent(text)).toThrow(/number/));
});

describe('parseRate', () => {
  it.each([
    ['50', 50],
    ['0.5', 0.5],
  ])('%s', (text, rate) => expect(parseRate(text)).toBe(rate));
  it.each(['0', '-1', '', 'x', '5/s'])('refuses %j', (text) => expect(() => parseRate(text)).toThrow(/number/));
});

describe('parseMoment', () => {
  afterEach(() => void vi.useRealTimers());

  it.each([
    ['2h', '2026-01-31T10:00:00.000Z'],
    ['1d', '2026-01-30T12:00:00.000Z'],
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2026-01-31T01:02Z', '2026-01-31T01:02:00.000Z'],
    ['2026-01-31T01:02:03.5+01:00', '2026-01-31T00:02:03.500Z'],
  ])('%s', (text, moment) => {
    vi.useFakeTimers({ now: Date.parse('2026-01-31T12:00:00Z') });
    expect(new Date(parseMoment(text)).toISOString()).toBe(moment);
  });
  it.each(['yesterday', '2', '-2h', '2026-13-45', ''])('refuses %j', (text) =>
    expect(() => parseMoment(text)).toThrow(/moment/),
  );
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
