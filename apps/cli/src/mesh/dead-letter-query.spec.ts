import { expect, it } from 'vitest';
import { matchesQuery, type DeadLetterQuery } from './dead-letter-query.js';

const letter = {
  consumer: 'a',
  group: '0123abcd',
  buriedAt: '2026-01-02T03:04:05.000Z',
  original: { subject: 'crm.acme.hubspot.deal.won.47%2F11' },
};
const buriedMs = Date.parse(letter.buriedAt);

it.each<[boolean, DeadLetterQuery]>([
  [true, {}],
  [true, { consumer: 'a' }],
  [false, { consumer: 'b' }],
  [true, { group: '0123abcd', consumer: 'a' }],
  [false, { group: '0123abce' }],
  [true, { since: buriedMs }],
  [false, { since: buriedMs + 1 }],
  [true, { until: buriedMs + 1 }],
  [false, { until: buriedMs }],
  [true, { record: 'deal/47/11' }],
  [true, { record: 'acme/hubspot/deal/47/11' }],
  [false, { record: '47/11' }],
  [false, { record: 'hubspot/deal/47/11' }],
  [false, { record: 'deal/47' }],
  [false, { record: 'lead/47/11' }],
])('%s for %j', (matches, query) => expect(matchesQuery(letter, query)).toBe(matches));

it('of a notification too, and of no record where the subject names none', () => {
  const of = (subject: string): boolean => matchesQuery({ ...letter, original: { subject } }, { record: 'deal/1' });
  expect([of('raw.acme.hubspot.deal.1'), of('deal/1')]).toEqual([true, false]);
});
