import { expect, it } from 'vitest';
import type { HandlerItem } from '@crm-mesh/delivery';
import { buildTestEvent } from '@crm-mesh/sdk/testing';
import { readLimitKey } from './read-limit-key.js';

const item = (data: string): HandlerItem => ({
  ...{ stream: 'CRM_EVENTS', subject: 'crm.acme.hubspot.deal.won.7', sequence: 1, storedAtMs: 0 },
  data: Buffer.from(data),
});
const deal = JSON.stringify(buildTestEvent('deal.won', { ownerId: 'o1' }));

it.each([
  ['tenant', deal, 'acme'],
  ['connection', deal, 'acme/hubspot'],
  ['entity', deal, 'deal'],
  ['data.ownerId', deal, 'o1'],
  ['data.amount.currency', deal, 'EUR'],
  ['data.amount', deal, '{"value":"1200.00","currency":"EUR"}'],
  ['data.nowhere', deal, ''],
  ['data.nowhere.at.all', deal, ''],
  ['data.ownerId', 'not json', ''],
  ['tenant', 'not json', 'acme'],
])('by %s, of %.10s…: %j', (by, data, key) => {
  expect(readLimitKey(by, item(data))).toBe(key);
});
