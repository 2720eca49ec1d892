import { ENTITIES } from '@crm-mesh/contract';
import { RECORD_CLASSES } from '@crm-mesh/contract/records';
import { describe, expect, it } from 'vitest';
import { readFieldKinds, readLineKinds } from './field-kinds.js';

describe('the kinds of fields follow from the contract', () => {
  it('a deal', () => {
    expect(Object.fromEntries(readFieldKinds('deal'))).toEqual({
      id: 'text',
      ownerId: 'text',
      createdAt: 'timestamp',
      modifiedAt: 'timestamp',
      custom: 'custom',
      name: 'text',
      amount: 'money',
      status: 'text',
      stage: 'text',
      stageName: 'text',
      pipeline: 'text',
      probability: 'number',
      closeDate: 'day-or-timestamp',
      lostReason: 'text',
      companyId: 'text',
      contactIds: 'text-list',
      lines: 'lines',
    });
  });

  it('others', () => {
    expect(readFieldKinds('contact').get('address.city')).toBe('text');
    expect(readFieldKinds('company').get('employeeCount')).toBe('integer');
    expect(readFieldKinds('product').get('active')).toBe('boolean');
    expect(readFieldKinds('custom-kiln').get('name')).toBe('text');
    expect(Object.fromEntries(readLineKinds())).toMatchObject({ quantity: 'decimal', unitPrice: 'money', sku: 'text' });
  });

  it.each(ENTITIES)('%s: every field has one', (entity) => {
    expect(readFieldKinds(entity).size).toBeGreaterThan(5);
    expect(RECORD_CLASSES[entity]).toBeDefined();
  });
});
