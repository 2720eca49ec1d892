import { describe, expect, it } from 'vitest';
import { validateRecord } from '../validation/validate-record.js';

/** What the CRMs' mapping tables list, and a first draft of the records had no place for. */
describe('records hold what CRMs keep', () => {
  it.each<[crm: string, entity: string, fields: object]>([
    [
      "Pipedrive's products of a deal",
      'deal',
      { status: 'open', lines: [{ quantity: '1', custom: { billing_frequency: 'monthly', discount_type: 'amount' } }] },
    ],
    ["Freshsales' accounts of a contact", 'contact', { companyId: '1', companyIds: ['1', '2'] }],
    ["ActiveCampaign's orgname", 'contact', { companyName: 'Brightwater' }],
    ["Attio's domains", 'company', { domain: 'a.example', domains: ['a.example', 'b.example'] }],
    ["Copper's websites", 'company', { website: 'https://a.example', websites: ['https://a.example', 'b.example'] }],
    ["HubSpot's links of a payment", 'payment', { contactIds: ['1', '2'], dealId: '3', orderId: '4' }],
    [
      "HubSpot's quote",
      'quote',
      { status: 'approved', statusName: 'APPROVAL_NOT_NEEDED', dealId: '3', contactIds: ['1'] },
    ],
    ["Salesforce's contract", 'contract', { status: 'approved', statusName: 'Activated', startsAt: '2026-01-01' }],
    [
      "Pipedrive's activity",
      'activity',
      { kind: 'other', kindName: 'lunch', done: false, dueAt: '2026-01-01', leadId: 'u' },
    ],
    ["Salesforce's case", 'ticket', { status: 'closed', statusName: 'Closed', channel: 'Web', closedAt: '2026-01-01' }],
    ["Zoho's invoice status", 'invoice', { status: 'open', statusName: 'Partially Paid' }],
  ])('%s', (_, entity, fields) => {
    const record = { id: '7', ...fields };
    expect(validateRecord(entity, record)).toBe(record);
  });

  it.each<[entity: string, fields: object, problem: string]>([
    ['deal', { status: 'open', lines: [{ quantity: '1', custom: ['a'] }] }, 'lines.0.custom must be an object'],
    ['contact', { companyIds: '1' }, 'companyIds must be an array'],
    ['company', { domains: [null] }, 'domains.0 must be a string'],
    ['payment', { orderId: 4 }, 'orderId must be a string'],
    ['quote', { status: 'Presented' }, 'status must be one of'],
    ['contract', { status: 'accepted' }, 'status must be one of'],
    ['activity', { kind: 'lunch' }, 'kind must be one of'],
    ['ticket', { status: 'waiting' }, 'status must be one of'],
    ['invoice', { statusName: null }, 'statusName must be a string'],
  ])('a %s refuses %j', (entity, fields, problem) => {
    expect(() => validateRecord(entity, { id: '7', ...fields })).toThrow(problem);
  });
});
