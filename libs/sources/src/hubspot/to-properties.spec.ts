import { describe, expect, it } from 'vitest';
import { createConfig } from '../../test/context.js';
import { HubspotConfig } from './config.js';
import { toProperties } from './to-properties.js';

const config = (part: object = {}) => createConfig(HubspotConfig, { clientSecrets: ['s'], accessToken: 't', ...part });

describe('toProperties', () => {
  it.each([
    [
      'contact',
      { id: '1', firstName: 'Ada', phone: null, ownerId: '7', address: { city: 'Selb', country: 'DE' } },
      { firstname: 'Ada', phone: '', hubspot_owner_id: '7', city: 'Selb', country: 'DE' },
    ],
    [
      'contact',
      { custom: { favourite_glaze: 'blue' }, modifiedAt: '2026-01-01T00:00:00.000Z' },
      { favourite_glaze: 'blue' },
    ],
    [
      'deal',
      { name: 'Kiln', amount: { value: '12.50', currency: 'USD' }, stage: 'closedwon', pipeline: 'default' },
      { dealname: 'Kiln', amount: '12.50', deal_currency_code: 'USD', dealstage: 'closedwon', pipeline: 'default' },
    ],
    [
      'company',
      { employeeCount: 42, annualRevenue: { value: '5', currency: 'EUR' } },
      { numberofemployees: '42', annualrevenue: '5' },
    ],
  ])('%s %j', (entity, record, expected) => {
    expect(toProperties(entity, record, config({ currency: 'EUR' }))).toEqual(expected);
  });

  it.each([
    ['deal', { status: 'won' }, {}, /deal\.status.*`stage`/s],
    ['deal', { contactIds: ['1'] }, {}, /deal\.contactIds/],
    ['contact', { companyId: '1' }, {}, /contact\.companyId/],
    ['deal', { probability: 1 }, {}, /deal\.probability/],
    ['company', { annualRevenue: { value: '5', currency: 'USD' } }, { currency: 'EUR' }, /another currency/],
    ['company', { annualRevenue: { value: '5', currency: 'USD' } }, {}, /another currency/],
  ])('refuses %s %j', (entity, record, part, message) => {
    expect(() => toProperties(entity, record, config(part))).toThrow(message);
  });
});
