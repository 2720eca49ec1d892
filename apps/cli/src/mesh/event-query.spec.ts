import { expect, it } from 'vitest';
import { planEventFilter } from './event-query.js';

it.each([
  [{}, 'crm.*.*.*.*.*'],
  [{ type: 'deal.won' }, 'crm.*.*.deal.won.*'],
  [{ type: 'crm.deal.*' }, 'crm.*.*.deal.*.*'],
  [{ type: '*' }, 'crm.*.*.*.*.*'],
  [{ type: 'custom-visit.created' }, 'crm.*.*.custom-visit.created.*'],
  [{ record: 'acme/hubspot/custom-visit/1' }, 'crm.acme.hubspot.custom-visit.*.1'],
  [{ record: 'acme' }, 'crm.acme.*.*.*.*'],
  [{ record: 'acme/hubspot/deal/4711' }, 'crm.acme.hubspot.deal.*.4711'],
  [{ record: 'acme/*/deal' }, 'crm.acme.*.deal.*.*'],
  [{ record: 'acme/hubspot/deal/4711', type: 'deal.won' }, 'crm.acme.hubspot.deal.won.4711'],
])('%j → %s', (query, filter) => expect(planEventFilter(query)).toBe(filter));

it.each([
  [{ type: 'won' }, ''],
  [{ type: 'deal.won.twice' }, ''],
  [{ type: 'bogus.nothing' }, 'Write it as deal.won or deal.*.'],
  [{ type: 'deal.wom' }, 'Did you mean deal.won?'],
  [{ type: 'crm.company.won' }, ''],
  [{ record: 'a/b/contact/1', type: 'deal.won' }, 'Name one of the two.'],
  [{ record: 'a/b/contacts/1' }, 'Did you mean contact?'],
  [{ record: 'a/b/bogus/1' }, 'Name one of contact, '],
])('refuses %j', (query, cure) => {
  expect(() => planEventFilter(query)).toThrow(new RegExp(`^MESH_USAGE: .*${cure.replaceAll('.', '\\.')}`));
});
