import type { SchemaChange } from '@crm-mesh/sources';
import { describe, expect, it } from 'vitest';
import { findFieldReaders, findReaders, type Reader } from './find-readers.js';

const PLUGINS: Reader[] = [
  { name: 'silent', events: ['deal.*'] },
  { name: 'amounts', events: ['deal.won'], reads: ['deal.amount'] },
  { name: 'regions', events: ['*'], reads: ['deal.custom.region', 'contact.email'] },
  { name: 'areas', events: ['deal.*'], reads: ['deal.custom.area'] },
  { name: 'contacts', events: ['contact.*'] },
];
const RULED = new Map([['custom.area', 'properties.region']]);

function find(change: Partial<SchemaChange>, part: { sourceReads?: string[]; ruled?: Map<string, string> } = {}) {
  const whole: SchemaChange = { entity: 'deal', kind: 'field-removed', ...change };
  return findReaders(whole, { sourceReads: [], ruled: new Map(), plugins: PLUGINS, ...part });
}

describe('who reads what has changed', () => {
  it.each([
    ['nobody, when nobody says so', find({ field: 'colour' }), { source: false, mappings: [], plugins: [] }],
    [
      'the source, and plugins that take canonical fields or do not say',
      find({ field: 'amount' }, { sourceReads: ['amount'] }),
      { source: true, mappings: [], plugins: ['silent', 'amounts'] },
    ],
    ['who names the custom field', find({ field: 'region' }), { source: false, mappings: [], plugins: ['regions'] }],
    [
      'who names the field that a rule fills from it',
      find({ field: 'region' }, { ruled: RULED }),
      { source: false, mappings: ['deal.custom.area'], plugins: ['silent', 'regions', 'areas'] },
    ],
    [
      'who reads a path of its objects, where the change was seen there',
      find(
        { field: 'data.lines[].price' },
        { sourceReads: ['data'], ruled: new Map([['amount', 'data.lines[0].price']]) },
      ),
      { source: false, mappings: ['deal.amount'], plugins: ['silent', 'amounts'] },
    ],
    [
      'the source, where it reads the path from within',
      find({ field: 'properties.amount' }, { sourceReads: ['amount'] }),
      { source: true, mappings: [], plugins: ['silent', 'amounts'] },
    ],
    [
      'all that read the entity, when it is gone or its stages changed',
      find({ kind: 'stage-changed', value: 'sales/s2' }),
      { source: true, mappings: [], plugins: ['silent', 'amounts', 'regions', 'areas'] },
    ],
  ])('%s', (_, found, expected) => expect(found).toEqual(expected));
});

describe('who reads a field of the canonical record that cannot be read', () => {
  const ruled = new Map([['amount', 'properties.cents']]);
  it.each([
    ['amount', ruled, { source: false, mappings: ['deal.amount'], plugins: ['silent', 'amounts'] }],
    ['closeDate', ruled, { source: true, mappings: [], plugins: ['silent'] }],
  ])('%s', (field, rules, expected) => {
    expect(findFieldReaders({ entity: 'deal', field }, { ruled: rules, plugins: PLUGINS })).toEqual(expected);
  });

  it('part by part, where a plugin reads the whole', () => {
    const plugins = [{ name: 'letters', events: ['contact.*'], reads: ['contact.address'] }];
    const found = findFieldReaders({ entity: 'contact', field: 'address.country' }, { ruled: new Map(), plugins });
    expect(found).toMatchObject({ plugins: ['letters'] });
  });
});
