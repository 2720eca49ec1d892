import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minorDigitsOf, toDecimalText } from './convert-decimal.js';
import { toIsoTime } from './convert-time.js';

describe('toDecimalText', () => {
  it.each([
    ['48500.00', 0, '48500.00'],
    [' 12.5 ', 0, '12.5'],
    ['+7', 0, '7'],
    ['-0.00', 0, '0.00'],
    ['-3.10', 0, '-3.10'],
    ['.5', 0, '0.5'],
    ['5.', 0, '5'],
    ['007', 0, '7'],
    ['1.84E7', 0, '18400000'],
    ['1e-3', 0, '0.001'],
    [1e21, 0, undefined],
    [0.1, 0, '0.1'],
    [1e-7, 0, '0.000000'],
    ['0.3333335', 0, '0.333334'],
    ['4850000', -2, '48500.00'],
    ['5', -2, '0.05'],
    ['-5', -2, '-0.05'],
    ['1234567890123456', 0, undefined],
    ['1234567890123456', -2, '12345678901234.56'],
    ['', 0, undefined],
    ['.', 0, undefined],
    ['12,50', 0, undefined],
    ['NaN', 0, undefined],
    [Number.NaN, 0, undefined],
    [null, 0, undefined],
    [{}, 0, undefined],
  ])('%o shifted by %i → %o', (value, shift, text) => expect(toDecimalText(value, shift)).toBe(text));

  it('shifts cents without losing one', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 15n) + 1n, max: 10n ** 15n - 1n }), (cents) => {
        const text = toDecimalText(String(cents), -2)!;
        expect(text).toMatch(/^-?\d+\.\d\d$/);
        expect(BigInt(text.replace('.', ''))).toBe(cents);
      }),
    );
  });

  it.each([
    ['EUR', 2],
    ['JPY', 0],
    ['KWD', 3],
  ])('%s has %i minor digits', (currency, digits) => expect(minorDigitsOf(currency)).toBe(digits));
});

describe('toIsoTime', () => {
  it.each([
    ['2026-03-24T15:59:58.120Z', '2026-03-24T15:59:58.120Z'],
    ['2026-03-11T13:02:45.9Z', '2026-03-11T13:02:45.900Z'],
    ['2026-03-12T08:45:10.250+01:00', '2026-03-12T07:45:10.250Z'],
    ['2026-03-12T08:45:10.250+0100', '2026-03-12T07:45:10.250Z'],
    ['2026-03-12 08:45:10', '2026-03-12T08:45:10.000Z'],
    ['2026-03-12T08:45', '2026-03-12T08:45:00.000Z'],
    ['2026-03-12', '2026-03-12'],
    ['2026-02-30', undefined],
    ['2026-02-30T00:00:00Z', undefined],
    ['24.03.2026', undefined],
    ['tomorrow', undefined],
    ['', undefined],
    [1774367998044, '2026-03-24T15:59:58.044Z'],
    ['1774367998044', '2026-03-24T15:59:58.044Z'],
    [1774367998, '2026-03-24T15:59:58.000Z'],
    [8.64e15 + 1, undefined],
    [null, undefined],
  ])('%o → %o', (value, time) => expect(toIsoTime(value)).toBe(time));

  it('takes small numbers for milliseconds where the CRM counts nothing else', () =>
    expect(toIsoTime('0', 'ms')).toBe('1970-01-01T00:00:00.000Z'));
});
