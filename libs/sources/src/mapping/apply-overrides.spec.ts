import type { AnyRecord } from '@crm-mesh/contract';
import type { MappedRecord } from '@crm-mesh/sdk';
import { describe, expect, it } from 'vitest';
import { createConfig, listErrors } from '../../test/context.js';
import { plainToInstance } from 'class-transformer';
import { applyOverrides } from './apply-overrides.js';
import { MappingOverrides } from './overrides-config.js';

const RECORD = {
  id: '7',
  name: 'Kilns',
  status: 'open',
  stage: '4417302',
  amount: { value: '10.00', currency: 'EUR' },
  custom: { region__c: 'north' },
};

type Present = Extract<MappedRecord, { state: 'present' }>;

function apply(deal: object, object: unknown, part: Partial<Present> = {}) {
  const mapped: MappedRecord = { state: 'present', record: RECORD as AnyRecord, ...part };
  return applyOverrides(
    mapped,
    { entity: 'deal', object },
    createConfig(MappingOverrides, { currency: 'EUR', entities: { deal } }),
  );
}

describe('rules of a connection', () => {
  it.each<[string, object, object, object]>([
    ['take a field from a path', { fields: { name: 'p.title' } }, { p: { title: 'Ovens' } }, { name: 'Ovens' }],
    ['set a constant', { fields: { lostReason: { const: 'none' } } }, {}, { lostReason: 'none' }],
    [
      'rename values',
      { fields: { status: { path: 's', values: { Closed: 'won' } } } },
      { s: 'Closed' },
      { status: 'won' },
    ],
    [
      'read money',
      { fields: { amount: { path: 'cents', unit: 'minor' } } },
      { cents: 1250 },
      { amount: { value: '12.50', currency: 'EUR' } },
    ],
    [
      'fill custom fields',
      { fields: { 'custom.tier': 'p.tier' } },
      { p: { tier: 'gold' } },
      { custom: { region__c: 'north', tier: 'gold' } },
    ],
    ['name stages', { stages: { '4417302': 'Offer sent' } }, {}, { stageName: 'Offer sent' }],
    [
      'say what a stage means',
      { stages: { '4417302': { name: 'Signed', status: 'won' } } },
      {},
      { stageName: 'Signed', status: 'won' },
    ],
    ['leave other stages as they are', { stages: { '1': { status: 'lost' } } }, {}, { status: 'open' }],
  ])('%s', (_, deal, object, expected) => {
    expect(apply(deal, object)).toMatchObject({ state: 'present', record: expected });
  });

  it('leave out what is not wanted', () => {
    const { record } = apply({ without: ['amount', 'custom.region__c'] }, {}) as { record: object };
    expect(record).not.toHaveProperty('amount');
    expect(record).not.toHaveProperty('custom');
  });

  it('empty a field whose path holds nothing, for it comes from there alone', () => {
    expect((apply({ fields: { name: 'p.title' } }, { p: {} }) as { record: object }).record).not.toHaveProperty('name');
    expect(
      (apply({ fields: { name: 'p.title' } }, { p: { title: '' } }) as { record: object }).record,
    ).not.toHaveProperty('name');
  });

  it('leave what a patch does not tell, and clear what it tells as empty', () => {
    expect(apply({ fields: { name: 'title' } }, {}, { patch: true, cleared: [] })).toMatchObject({
      record: { name: 'Kilns' },
      cleared: [],
    });
    const cleared = apply({ fields: { name: 'title' } }, { title: null }, { patch: true, cleared: ['amount'] });
    expect(cleared).toMatchObject({ cleared: ['amount', 'name'] });
    expect((cleared as { record: object }).record).not.toHaveProperty('name');
  });

  it('mend what the source could not read, and leave out what they cannot read themselves', () => {
    const unread = [
      { field: 'amount', why: 'no currency' },
      { field: 'closeDate', why: 'no day' },
    ];
    const fields = { amount: { path: 'cents', unit: 'minor' }, probability: 'chance' };
    const mapped = apply({ fields }, { cents: 1250, chance: 'high' }, { unread });
    expect(mapped).toMatchObject({
      record: { amount: { value: '12.50', currency: 'EUR' } },
      unread: [unread[1], { field: 'probability', why: expect.stringContaining('deal.probability') as string }],
    });
    expect((mapped as Present).record).not.toHaveProperty('probability');
    expect(apply({ without: ['amount', 'closeDate'] }, {}, { unread })).not.toHaveProperty('unread');
  });

  it('touch neither other entities nor what is gone, nor the record that they are given', () => {
    const mapping = createConfig(MappingOverrides, { entities: { contact: { without: ['name'] } } });
    const mapped: MappedRecord = { state: 'present', record: RECORD as AnyRecord };
    expect(applyOverrides(mapped, { entity: 'deal', object: {} }, mapping)).toBe(mapped);
    const deleted: MappedRecord = { state: 'deleted' };
    expect(applyOverrides(deleted, { entity: 'contact', object: {} }, mapping)).toBe(deleted);
    apply({ fields: { name: 'n' } }, { n: 'x' });
    expect(RECORD.name).toBe('Kilns');
  });

  it.each([
    [{ entities: { deel: {} } }, 'there is no such entity'],
    [{ entities: { deal: { fields: { nmae: 'x' } } } }, 'deal has no such field'],
    [{ entities: { deal: { stages: { '1': { status: 'almost' } } } } }, 'status'],
    [{ currency: 'euro' }, 'currency code'],
    [{ entites: {} }, 'entites'],
  ])('are refused where they are wrong: %j', (plain, part) => {
    expect(listErrors(plainToInstance(MappingOverrides, plain)).join('\n')).toContain(part);
  });
});
