import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeToken, MAX_TOKEN_BYTES, unescapeToken } from './tokens.js';

describe('escapeToken', () => {
  it.each([
    ['4711', '4711'],
    ['My_Deal-7~x:y@z=1+2', 'My_Deal-7~x:y@z=1+2'],
    ['a.b', 'a%2Eb'],
    ['a b', 'a%20b'],
    ['*', '%2A'],
    ['>', '%3E'],
    ['%', '%25'],
    ['%3A', '%253A'],
    ['$JS', '%24JS'],
    ['a/b', 'a%2Fb'],
    ["it's (so)!", 'it%27s%20%28so%29%21'],
    ['ü', '%C3%BC'],
    ['😀', '%F0%9F%98%80'],
    ['\0\n', '%00%0A'],
  ])('%j becomes %s and comes back', (text, token) => {
    expect(escapeToken(text)).toBe(token);
    expect(unescapeToken(token)).toBe(text);
  });

  it.each([
    ['', 'MESH_ID_EMPTY'],
    ['x'.repeat(256), 'MESH_ID_TOO_LONG'],
    ['.'.repeat(86), 'MESH_ID_TOO_LONG'],
    ['x'.repeat(5_000_000), 'MESH_ID_TOO_LONG'],
    ['a\uD83D', 'MESH_ID_UNSUPPORTED'],
    ['\uDE00a', 'MESH_ID_UNSUPPORTED'],
  ])('refuses %j', (text, code) => {
    expect(() => escapeToken(text)).toThrow(code);
  });

  it('takes exactly 255 bytes', () => {
    expect(escapeToken('.'.repeat(85))).toHaveLength(MAX_TOKEN_BYTES);
  });

  it('gives one text one token', () => {
    const property = fc.property(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
      (one, other) => {
        expect(escapeToken(one) === escapeToken(other)).toBe(one === other);
        expect(unescapeToken(escapeToken(one))).toBe(one);
      },
    );
    fc.assert(property);
  });

  it.each(['', '%', '%4', '%41', '%2e', 'a.b', 'ü', '%FF', '%ED%A0%80', '*'])('%j is no token', (token) => {
    expect(() => unescapeToken(token)).toThrow('MESH_ID_UNSUPPORTED');
  });
});
