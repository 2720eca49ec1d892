import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../errors.js';
import { SCHEMA_NAMES } from '../schema/event-schema.js';
import { findRecordClass, makeRecordSchema } from '../schema/record-schema.js';
import { arbitraryOf, damage, inflict, type Json } from './arbitrary-records.fixture.js';
import { describeClassProblems } from './class-check.fixture.js';
import { validateRecord } from './validate-record.js';

function isAccepted(name: string, record: Json): boolean {
  try {
    validateRecord(name === 'custom' ? 'custom-thing' : name, record);
    return true;
  } catch (error) {
    if (error instanceof MeshError && error.code === 'MESH_EVENT_INVALID') return false;
    throw error;
  }
}

describe.each(SCHEMA_NAMES)('a %s', (name) => {
  const schema = makeRecordSchema(name);
  const record = arbitraryOf(schema, schema).map((value) => JSON.parse(JSON.stringify(value)) as Json);

  it('that is valid passes both the compiled schema and the classes', () => {
    const property = fc.property(record, (value) => {
      expect(describeClassProblems(findRecordClass(name), value)).toEqual([]);
      expect(isAccepted(name, value)).toBe(true);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('that is damaged is judged alike by both', () => {
    const seen = { accepted: 0, refused: 0 };
    const property = fc.property(record, fc.array(damage, { minLength: 1, maxLength: 2 }), (whole, damages) => {
      const value = structuredClone(whole);
      for (const one of damages) inflict(value, one);
      const accepted = isAccepted(name, value);
      expect(describeClassProblems(findRecordClass(name), value).length === 0).toBe(accepted);
      seen[accepted ? 'accepted' : 'refused']++;
    });
    fc.assert(property, { numRuns: 400 });
    expect(seen.accepted).toBeGreaterThan(5);
    expect(seen.refused).toBeGreaterThan(80);
  });

  it.each([null, undefined, 'deal', 7, [], [{ id: '1', status: 'open' }]])('is not %j', (value) => {
    expect(() => validateRecord(name === 'custom' ? 'custom-thing' : name, value)).toThrow('MESH_EVENT_INVALID');
  });
});

describe('validateRecord', () => {
  const deal = { id: '1', status: 'open' };
  const secret = 'Ada Lovelace';

  it.each<[object, string]>([
    [{ status: 'open' }, 'id is missing'],
    [{ ...deal, id: 7 }, 'id must be a string'],
    [{ ...deal, id: '' }, 'id should not be empty'],
    [{ ...deal, name: null }, 'name must be a string'],
    [{ ...deal, status: secret }, 'status must be one of the following values: open, won, lost'],
    [
      { ...deal, amount: { value: '1', currency: secret } },
      'amount.currency must be a currency code of three capital letters, such as "EUR"',
    ],
    [{ ...deal, amount: { value: 1, currency: 'EUR' } }, 'amount.value must be a decimal text, such as "12.50"'],
    [{ ...deal, lines: [{ quantity: '1' }, { quantity: secret }] }, 'lines.1.quantity must be a decimal text'],
    [{ ...deal, amount: [[{ quantity: secret }]] }, 'amount must be an object'],
    [{ ...deal, contactIds: ['1', 2] }, 'contactIds.1 must be a string'],
    [{ ...deal, closeDate: secret }, 'closeDate must be a day such as 2026-03-24'],
    [{ ...deal, modifiedAt: '2026-03-24' }, 'modifiedAt must be a time with its zone'],
    [{ ...deal, nmae: secret }, 'nmae should not exist'],
    [{ ...deal, ['x'.repeat(5000)]: secret }, `${'x'.repeat(60)}… should not exist`],
    [{ ...deal, amount: { value: '1', currency: 'EUR', unit: secret } }, 'amount.unit should not exist'],
    [JSON.parse('{"id":"1","status":"open","__proto__":{"id":"2"}}') as object, '__proto__ should not exist'],
    [
      JSON.parse('{"id":"1","status":"open","amount":{"value":"1","currency":"EUR","constructor":{}}}') as object,
      'amount.constructor should not exist',
    ],
    [{ ...deal, name: { constructor: secret } }, 'name must be a string'],
  ])('names the field, never the value (%#)', (record, reason) => {
    expect(() => validateRecord('deal', record)).toThrow(reason);
    expect(() => validateRecord('deal', record)).not.toThrow(secret);
  });

  it('leaves custom fields alone, whatever their names', () => {
    const custom = JSON.parse('{"__proto__":{"polluted":1},"constructor":"x","a b":[null]}') as Record<string, unknown>;
    const record = { ...deal, custom };
    expect(validateRecord('deal', record)).toBe(record);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('takes undefined for absent', () => {
    expect(validateRecord('deal', { ...deal, name: undefined, amount: undefined })).toBeDefined();
  });

  it('names three problems and counts the rest', () => {
    expect(() => validateRecord('deal', { id: 1, status: 1, name: 1, stage: 1 })).toThrow(
      /must be a string;.*\(and \d more\)/,
    );
  });

  it.each(['deals', 'custom-', 'Custom-A', '__proto__', ''])('knows no entity %j', (entity) => {
    expect(() => validateRecord(entity, deal)).toThrow('MESH_EVENT_INVALID');
  });
});
