import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson, parseJsonBody } from './parse-json.js';

describe('parseJson', () => {
  it.each([
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', '9007199254740992'],
    ['9007199254740993', '9007199254740993'],
    ['-12345678901234567890', '-12345678901234567890'],
    ['{"id":35120447789,"big":123456789012345678}', { id: 35120447789, big: '123456789012345678' }],
    ['1234567890123456.78', '1234567890123456.78'],
    ['0.30000000000000004', 0.30000000000000004],
    ['0.1', 0.1],
    ['1e3', 1000],
    ['1e999', '1e999'],
    ['[-1.5E+400,1e-999]', ['-1.5E+400', '1e-999']],
    ['{"id":"7-8e123","amount":1e22}', { id: '7-8e123', amount: 1e22 }],
    ['"1234567890123456789"', '1234567890123456789'],
  ])('%s', (text, value) => expect(parseJson(text)).toEqual(value));

  it('loses no digit of any whole number', () => {
    const numbers = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
    fc.assert(
      fc.property(numbers, (number) => {
        expect(String((parseJson(`[${number}]`) as [unknown])[0])).toBe(String(number));
      }),
    );
  });

  const expectAsText = (_key: string, value: unknown) =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? 'long' : value;

  it('agrees with JSON.parse on everything else, also where a long number stands beside', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(JSON.stringify(JSON.parse(text, expectAsText)) === JSON.stringify(JSON.parse(text)));
        expect(parseJson(text)).toEqual(JSON.parse(text));
        expect((parseJson(`[12345678901234567890,${text}]`) as unknown[])[1]).toEqual(JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });
});

describe('parseJsonBody', () => {
  it.each([
    ['no JSON', Buffer.from('{')],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['nothing', Buffer.alloc(0)],
    ['two members of one name, with a long number', Buffer.from('{"a":1234567890123456789,"a":2}')],
  ])('refuses %s without repeating it', (_name, body) =>
    expect(() => parseJsonBody(body)).toThrow(/^MESH_NOTIFICATION_INVALID: the body is no valid JSON in UTF-8\. /),
  );

  const nest = (depth: number): Buffer => Buffer.from(`${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`);

  it('reads 200 levels, and refuses more', () => {
    expect(parseJsonBody(nest(200))).toHaveLength(1);
    expect(() => parseJsonBody(nest(202))).toThrow('the body nests deeper than 200 levels.');
    expect(() => parseJsonBody(Buffer.from('['.repeat(1_000_000)))).toThrow('MESH_NOTIFICATION_INVALID');
  });

  it('counts no brackets in texts', () => {
    const text = `\\"\\${'[{'.repeat(200)}`;
    expect(parseJsonBody(Buffer.from(JSON.stringify([text, text])))).toEqual([text, text]);
  });

  it('reads over a byte order mark', () => expect(parseJsonBody(Buffer.from('\uFEFF[1]'))).toEqual([1]));
});
