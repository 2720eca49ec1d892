import { expect, it } from 'vitest';
import { laneOfSubject, restoreSubject } from './lane-key.js';

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
