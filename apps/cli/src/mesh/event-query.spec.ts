import { expect, it } from 'vitest';
import { planEventFilter } from './event-query.js';

it.each([
  [{}, 'crm.*.*.*.*.*'],
  [{ type: 'deal.won' }, 'crm.*.*.deal.won.*'],
  [{ type: 'crm.deal.*' }, 'crm.*.*.deal.*.*'],
  [{ type: '*' }, 'crm.*.*.*.*.*'],
  [{ record: 'acme' }, 'crm.acme.*.*.*.*'],
  [{ record: 'acme/hubspot/deal/4711' }, 'crm.acme.hubspot.deal.*.4711'],
  [{ record: 'acme/*/deal' }, 'crm.acme.*.deal.*.*'],
  [{ record: 'acme/hubspot/deal/4711', type: 'deal.won' }, 'crm.acme.hubspot.deal.won.4711'],
])('%j → %s', (query, filter) => expect(planEventFilter(query)).toBe(filter));

it.each([{ type: 'won' }, { type: 'deal.won.twice' }, { record: 'a/b/contact/1', type: 'deal.won' }])(
  'refuses %j',
  (query) => {
    expect(() => planEventFilter(query)).toThrow(/MESH_USAGE/);
  },
);
