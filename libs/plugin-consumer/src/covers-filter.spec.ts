import { describe, expect, it } from 'vitest';
import { coversFilter } from './covers-filter.js';

describe('coversFilter', () => {
  it.each([
    ['crm.>', 'crm.*.*.deal.won.*', true],
    ['', 'crm.>', true],
    ['crm.>', 'crm.>', true],
    ['crm.*.*.deal.*.*', 'crm.*.*.deal.won.*', true],
    ['crm.*.*.deal.won.*', 'crm.*.*.deal.won.*', true],
    ['crm.*.*.deal.won.*', 'crm.*.*.deal.*.*', false],
    ['crm.*.*.deal.won.*', 'crm.*.*.contact.created.*', false],
    ['crm.*.*.deal.*.*', 'crm.>', false],
    ['crm.acme.*.deal.won.*', 'crm.*.*.deal.won.*', false],
    ['crm.*.*.deal.won', 'crm.*.*.deal.won.*', false],
    ['crm.*.*.contact.*.*, crm.*.*.deal.*.*', 'crm.*.*.deal.won.*', true],
  ])('%s covers %s: %s', (live, wanted, expected) => {
    expect(coversFilter(live, wanted)).toBe(expected);
  });
});
