import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCHEMA_NAMES } from '../schema/event-schema.js';
import { makeRecordSchema } from '../schema/record-schema.js';
import { arbitraryOf, damage, inflict, type Json } from './arbitrary-records.fixture.js';
import { findMisfits } from './find-misfits.js';
import { validateRecord } from './validate-record.js';

const SECRET = 'Ada Lovelace';

describe('what a record can be told without', () => {
  it.each<[name: string, entity: string, record: object, misfits: object[]]>([
    ['nothing, where all fits', 'deal', { status: 'open', amount: { value: '1', currency: 'EUR' } }, []],
    [
      'an amount that is a text',
      'deal',
      { status: 'open', amount: SECRET },
      [{ field: 'amount', why: 'amount must be an object' }],
    ],
    [
      'a bad date and a number of another type, each by itself',
      'deal',
      { status: 'open', closeDate: SECRET, probability: '0.5' },
      [
        { field: 'closeDate', why: expect.stringContaining('closeDate must be a day') as string },
        { field: 'probability', why: expect.stringContaining('probability must') as string },
      ],
    ],
    [
      'an enum that nobody knows',
      'ticket',
      { status: SECRET },
      [{ field: 'status', why: expect.stringContaining('status must be one of') as string }],
    ],
    [
      'lines, as a whole',
      'deal',
      { status: 'open', lines: [{ quantity: '1' }, { quantity: SECRET }] },
      [{ field: 'lines', why: expect.stringContaining('lines.1.quantity must be') as string }],
    ],
    [
      'an address, part by part',
      'contact',
      { address: { city: 'Graz', country: SECRET } },
      [{ field: 'address.country', why: expect.stringContaining('address.country must be') as string }],
    ],
    [
      'an address that is none',
      'contact',
      { address: SECRET },
      [{ field: 'address', why: expect.anything() as string }],
    ],
    ['not what no deal is without', 'deal', { status: SECRET }, []],
    ['not what the model does not know', 'deal', { status: 'open', nmae: 'x' }, []],
    ['a patch, which need not be whole', 'deal', { name: 7 }, [{ field: 'name', why: 'name must be a string' }]],
    ['of no entity', 'deals', { name: 7 }, []],
  ])('%s', (_name, entity, record, misfits) => {
    const found = findMisfits(entity, { id: '1', ...record });
    expect(found).toEqual(misfits);
    expect(JSON.stringify(found)).not.toContain(SECRET);
  });

  it.each(SCHEMA_NAMES)('are all fields of a %s that break its schema', (name) => {
    const entity = name === 'custom' ? 'custom-thing' : name;
    const schema = makeRecordSchema(name);
    const optional = Object.keys(schema.properties ?? {}).filter((field) => !schema.required?.includes(field));
    const needed = { id: '1', ...(entity === 'deal' && { status: 'open' }) };
    const damages = fc.array(damage, { minLength: 1, maxLength: 2 });
    const property = fc.property(arbitraryOf(schema, schema), damages, (whole, inflicted) => {
      const value = JSON.parse(JSON.stringify(whole)) as Json;
      for (const one of inflicted) inflict(value, one);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
      for (const { field } of findMisfits(entity, value)) leaveOut(value, field);
      const left = Object.entries(value).filter(([field]) => optional.includes(field));
      expect(() => validateRecord(entity, { ...Object.fromEntries(left), ...needed })).not.toThrow();
    });
    fc.assert(property, { numRuns: 300 });
  });
});

function leaveOut(record: Record<string, Json>, field: string): void {
  const [top = '', part] = field.split('.');
  if (part === undefined) delete record[top];
  else delete (record[top] as Record<string, Json>)[part];
}
