import type { CrmDescription } from '@crm-mesh/sdk';
import { describe, expect, it } from 'vitest';
import { diffDescriptions } from './diff-descriptions.js';

const BEFORE: CrmDescription = {
  deal: {
    fields: { amount: { type: 'number' }, tier: { type: 'enumeration', values: ['gold', 'tin'] } },
    pipelines: { sales: { s1: { label: 'Offer', outcome: 'open' }, s2: { label: 'Signed', outcome: 'won' } } },
  },
};

const { deal } = BEFORE;
const withFields = (fields: object): CrmDescription => ({ deal: { ...deal!, fields: { ...deal!.fields, ...fields } } });

describe('a schema', () => {
  it('that is the same has no changes, in whatever order it is told', () => {
    const turned = { tier: { type: 'enumeration', values: ['tin', 'gold'] }, amount: { type: 'number' } };
    expect(diffDescriptions(BEFORE, { deal: { ...deal!, fields: turned } })).toEqual([]);
  });

  it.each<[string, CrmDescription, object[]]>([
    [
      'a field more',
      withFields({ region: { type: 'string' } }),
      [{ entity: 'deal', kind: 'field-added', field: 'region' }],
    ],
    [
      'a field less',
      { deal: { ...deal!, fields: { amount: { type: 'number' } } } },
      [{ entity: 'deal', kind: 'field-removed', field: 'tier' }],
    ],
    [
      'another type',
      withFields({ amount: { type: 'string' } }),
      [{ entity: 'deal', kind: 'type-changed', field: 'amount', before: 'number', after: 'string' }],
    ],
    [
      'other values',
      withFields({ tier: { type: 'enumeration', values: ['gold', 'silver'] } }),
      [
        { entity: 'deal', kind: 'value-added', field: 'tier', value: 'silver' },
        { entity: 'deal', kind: 'value-removed', field: 'tier', value: 'tin' },
      ],
    ],
    [
      'stages that were added, removed and turned round',
      {
        deal: {
          ...deal!,
          pipelines: { sales: { s2: { label: 'Signed', outcome: 'lost' }, s3: { label: 'New', outcome: 'open' } } },
        },
      },
      [
        { entity: 'deal', kind: 'stage-removed', value: 'sales/s1', before: 'Offer (open)' },
        { entity: 'deal', kind: 'stage-changed', value: 'sales/s2', before: 'Signed (won)', after: 'Signed (lost)' },
        { entity: 'deal', kind: 'stage-added', value: 'sales/s3', after: 'New (open)' },
      ],
    ],
    ['an entity more', { ...BEFORE, contact: { fields: {} } }, [{ entity: 'contact', kind: 'entity-added' }]],
    ['an entity less', {}, [{ entity: 'deal', kind: 'entity-removed' }]],
  ])('tells %s', (_, after, changes) => expect(diffDescriptions(BEFORE, after)).toEqual(changes));
});
