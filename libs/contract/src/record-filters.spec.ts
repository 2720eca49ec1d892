import { describe, expect, it } from 'vitest';
import { formatRecordKey, parseRecordKey } from './record-key.js';
import { listRecordFilters } from './record-filters.js';

describe('the filters of one record', () => {
  it('name each stream’s subjects of it', () => {
    expect(listRecordFilters({ tenant: 'acme', connection: 'any', entity: 'deal', id: 'a.b' })).toEqual({
      raw: 'raw.acme.any.deal.a%2Eb',
      events: 'crm.acme.any.deal.*.a%2Eb',
      dead: ['dead.*.acme.any.deal.a%2Eb', 'dead.*.acme.any.deal.*.a%2Eb'],
      direct: ['direct.*.acme.any.deal.a%2Eb', 'direct.*.acme.any.deal.*.a%2Eb'],
      audit: 'audit.*.*.acme.any.deal.a%2Eb',
    });
  });
});

describe('the name of a record', () => {
  it.each(['acme/hubspot/deal/4711', 'acme/hubspot/deal/a/b'])('%s is read as it is written', (text) => {
    expect(formatRecordKey(parseRecordKey(text)!)).toBe(text);
  });

  it.each(['', 'deal/1', 'a/b/deal/', '/b/deal/1'])('%j is none', (text) =>
    expect(parseRecordKey(text)).toBeUndefined(),
  );
});
