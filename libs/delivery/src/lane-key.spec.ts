import { expect, it } from 'vitest';
import { laneOfSubject, restoreSubject, storableLane } from './lane-key.js';

it.each([
  ['crm.acme.hubspot.deal.won.4711', 'acme.hubspot.deal.4711'],
  ['crm.acme.hubspot.deal.created.4711', 'acme.hubspot.deal.4711'],
  ['raw.acme.hubspot.deal.4711', 'acme.hubspot.deal.4711'],
])('%s belongs to the lane %s', (subject, lane) => {
  expect(laneOfSubject(subject)).toBe(lane);
});

it.each([
  ['CRM_EVENTS', 'direct.audit-log.acme.hubspot.deal.won.4711', 'crm.acme.hubspot.deal.won.4711'],
  ['CRM_RAW', 'direct.normaliser.acme.hubspot.deal.4711', 'raw.acme.hubspot.deal.4711'],
  ['CRM_EVENTS', 'crm.acme.hubspot.deal.won.4711', 'crm.acme.hubspot.deal.won.4711'],
] as const)('in %s, %s was %s', (stream, subject, original) => {
  expect(restoreSubject(stream, subject)).toBe(original);
});

it('keeps a key that a plugin made, and shortens what a database cannot hold', () => {
  const fine = ['', 'c9', 'ä 😀 \n', 'x'.repeat(600)];
  expect(fine.map(storableLane)).toEqual(fine);
  const odd = ['x'.repeat(601), 'x'.repeat(602), 'a\0b', 'a\0c', '\ud800', '\ud801'];
  const stored = odd.map(storableLane);
  expect(new Set(stored).size).toBe(odd.length);
  for (const lane of stored) expect(lane).toMatch(/^sha256:[0-9a-f]{64}$/);
});
