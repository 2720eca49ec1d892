import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashContent } from './content-hash.js';
import { diffRecords } from './record-diff.js';
import { Money } from './records/index.js';
import type { AnyRecord, Deal } from './records/index.js';

const deal = {
  id: '1',
  status: 'open',
  name: 'Roof',
  amount: { value: '12.50', currency: 'EUR' },
  contactIds: ['1', '2'],
  modifiedAt: '2026-03-24T15:59:58Z',
  custom: { colour: 'red', size: { b: 1, a: 2 } },
} satisfies Deal;

const money = Object.assign(new Money(), { currency: 'EUR', value: '12.50' });

const SAME: [string, Deal][] = [
  ['a copy', structuredClone(deal)],
  [
    'another order of keys',
    { ...Object.fromEntries(Object.entries(deal).toReversed()), amount: { currency: 'EUR', value: '12.50' } } as Deal,
  ],
  ['another order inside custom', { ...deal, custom: { size: { a: 2, b: 1 }, colour: 'red' } }],
  ['another modifiedAt', { ...deal, modifiedAt: '2027-01-01T00:00:00Z' }],
  ['no modifiedAt', { ...deal, modifiedAt: undefined }],
  ['a field that is undefined', { ...deal, lostReason: undefined }],
  ['an instance of the class', { ...deal, amount: money }],
];

const CHANGED: [string, Deal, object][] = [
  ['a changed field', { ...deal, name: 'Wall' }, { name: { from: 'Roof', to: 'Wall' } }],
  ['a new field', { ...deal, stage: '7' }, { stage: { to: '7' } }],
  ['a lost field', { ...deal, name: undefined }, { name: { from: 'Roof' } }],
  [
    'a changed part',
    { ...deal, amount: { value: '12.5', currency: 'EUR' } },
    { amount: { from: deal.amount, to: { value: '12.5', currency: 'EUR' } } },
  ],
  [
    'another order of a list',
    { ...deal, contactIds: ['2', '1'] },
    { contactIds: { from: ['1', '2'], to: ['2', '1'] } },
  ],
  [
    'a changed custom field',
    { ...deal, custom: { ...deal.custom, colour: 'blue' } },
    { 'custom.colour': { from: 'red', to: 'blue' } },
  ],
  [
    'a custom field that became null',
    { ...deal, custom: { ...deal.custom, colour: null } },
    { 'custom.colour': { from: 'red', to: null } },
  ],
  [
    'no custom fields',
    { ...deal, custom: undefined },
    { 'custom.colour': { from: 'red' }, 'custom.size': { from: { a: 2, b: 1 } } },
  ],
  ['a text for a number', { ...deal, probability: 1 }, { probability: { to: 1 } }],
];

describe('hashContent and diffRecords', () => {
  it.each(SAME)('see no change in %s', (_what, record) => {
    expect(hashContent(record)).toBe(hashContent(deal));
    expect(diffRecords(deal, record)).toEqual({});
  });

  it.each(CHANGED)('see %s', (_what, record, changes) => {
    expect(hashContent(record)).not.toBe(hashContent(deal));
    expect(diffRecords(deal, record)).toEqual(changes);
  });

  it('take an empty custom for none', () => {
    const bare = { id: '1' };
    expect(hashContent({ ...bare, custom: {} })).toBe(hashContent(bare));
    expect(diffRecords({ ...bare, custom: {} }, bare)).toEqual({});
  });

  it('take a missing record for one without fields', () => {
    expect(diffRecords(undefined, { id: '1', modifiedAt: '2026-03-24T15:59:58Z', custom: { a: 1 } })).toEqual({
      id: { to: '1' },
      'custom.a': { to: 1 },
    });
    expect(diffRecords({ id: '1' }, undefined)).toEqual({ id: { from: '1' } });
  });

  it('are not fooled by hostile names', () => {
    const hostile = JSON.parse(
      '{"id":"1","custom":{"__proto__":{"polluted":true},"constructor":1,"toString":2}}',
    ) as AnyRecord;
    const changes = diffRecords({ id: '1' }, hostile);
    expect(Object.keys(changes)).toEqual(['custom.__proto__', 'custom.constructor', 'custom.toString']);
    expect(hashContent(hostile)).not.toBe(hashContent({ id: '1' }));
    const top = diffRecords({ id: '1' }, JSON.parse('{"id":"1","__proto__":{"polluted":true}}') as AnyRecord);
    expect(Object.keys(top)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('agree on what a change is', () => {
    const field = fc.constantFrom('name', 'modifiedAt', 'custom', 'ownerId');
    const record = fc.dictionary(
      field,
      fc.oneof(
        fc.constantFrom('a', 'b'),
        fc.dictionary(fc.constantFrom('x', 'y', '__proto__'), fc.jsonValue({ maxDepth: 1 })),
      ),
    );
    const property = fc.property(record, record, (left, right) => {
      const [one, other] = [left, right].map(
        ({ custom, ...rest }) => ({ ...rest, ...(typeof custom === 'object' && { custom }) }) as unknown as AnyRecord,
      ) as [AnyRecord, AnyRecord];
      expect(hashContent(one) === hashContent(other)).toBe(Object.keys(diffRecords(one, other)).length === 0);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
