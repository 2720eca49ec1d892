import { describe, expect, it } from 'vitest';
import { listRecordErrors, toNotification } from '../../test/context.js';
import { mapSalesforce } from './map-record.js';
import { connectOrg, DATA, refuseWith, rowsOf, stagesAnswer } from './org.fixture.js';
import { decideStatus } from './stages.js';

const DEAL = '0068d00000GmYt4AAF';

async function mapPresent(entity: string, row: Record<string, unknown>, part: object = {}) {
  const context = connectOrg({ [`GET ${DATA}/query`]: stagesAnswer }, part);
  const notification = toNotification({ entity, id: DEAL, change: 'updated', dedupeKey: 'k', payload: {} });
  const mapped = await mapSalesforce({ notification, fetched: { Id: DEAL, ...row } }, context);
  if (mapped.state !== 'present') throw new Error(mapped.state);
  expect(listRecordErrors(entity, mapped.record)).toEqual([]);
  return mapped.record as unknown as Record<string, unknown>;
}

describe('won and lost', () => {
  it.each([
    [true, true, 'won'],
    [true, false, 'lost'],
    [false, false, 'open'],
  ])('IsClosed %s, IsWon %s is %s, whatever the stage is called', async (IsClosed, IsWon, status) => {
    expect(decideStatus({ IsClosed, IsWon })).toBe(status);
    await expect(mapPresent('deal', { StageName: 'Closed Won', IsClosed, IsWon })).resolves.toMatchObject({ status });
  });

  it.each([
    ['Closed Won', 'won'],
    ['Closed Lost', 'lost'],
    ['Proposal/Price Quote', 'open'],
    ['A stage that was deleted', 'open'],
  ])('a user who is not shown the marks gets those of the stage %s', async (StageName, status) => {
    await expect(mapPresent('deal', { StageName })).resolves.toMatchObject({ status, stage: StageName });
  });

  it('waits when the stages cannot be read', async () => {
    const context = connectOrg({ [`GET ${DATA}/query`]: refuseWith('INVALID_TYPE') });
    const notification = toNotification({ entity: 'deal', id: DEAL, change: 'updated', dedupeKey: 'k', payload: {} });
    await expect(mapSalesforce({ notification, fetched: { Id: DEAL, StageName: 'x' } }, context)).rejects.toThrow(
      'INVALID_TYPE',
    );
    context.calls.length = 0;
    await expect(mapSalesforce({ notification, fetched: { Id: DEAL } }, context)).resolves.toBeDefined();
    expect(context.calls).toEqual([]);
  });

  it('names the stage as people do', async () => {
    const renamed = { ApiName: 'Closed Won', MasterLabel: 'Gewonnen', IsClosed: true, IsWon: true };
    const context = connectOrg({ [`GET ${DATA}/query`]: () => rowsOf([renamed]) });
    const notification = toNotification({ entity: 'deal', id: DEAL, change: 'updated', dedupeKey: 'k', payload: {} });
    const fetched = { Id: DEAL, StageName: 'Closed Won', IsClosed: true, IsWon: true };
    await expect(mapSalesforce({ notification, fetched }, context)).resolves.toMatchObject({
      record: { stage: 'Closed Won', stageName: 'Gewonnen', status: 'won' },
    });
  });
});

describe('money', () => {
  it.each([
    ['its own currency', { CurrencyIsoCode: 'USD' }, {}, 'USD'],
    ['the connection’s where the organisation has one', {}, {}, 'EUR'],
  ])('is counted in %s', async (_name, row, part, currency) => {
    await expect(mapPresent('deal', { Amount: 48_500.0, ...row }, part)).resolves.toMatchObject({
      amount: { value: '48500', currency },
    });
  });

  it('without a currency a deal is told without its amount, and a company without its revenue', async () => {
    const none = { currency: undefined };
    await expect(mapPresent('deal', { Amount: 1 }, none)).resolves.toEqual({
      id: expect.any(String) as string,
      status: 'open',
    });
    await expect(mapPresent('company', { AnnualRevenue: 5, Name: 'A' }, none)).resolves.toMatchObject({
      name: 'A',
      custom: { AnnualRevenue: 5 },
    });
  });
});

it('reads lines, times, chances, links and what was asked for besides', async () => {
  const record = await mapPresent(
    'deal',
    {
      attributes: { type: 'Opportunity' },
      Name: 'Kiln',
      Probability: 29,
      CloseDate: '2026-03-24',
      AccountId: '0018d00000VrWn2',
      OwnerId: '0058d000004bTzR',
      CreatedDate: '2026-02-02T08:30:11.000+0000',
      SystemModstamp: '2026-03-24T16:59:58.000+0100',
      Region__c: 'North',
      Note__c: null,
      OpportunityLineItems: [
        {
          Id: '00k8d00000TuVw9',
          Product2Id: '01t8d000003XyZa',
          Name: 'Burner',
          Quantity: 2.5,
          UnitPrice: 4_850,
          TotalPrice: 12_125,
        },
      ],
    },
    { customFields: { deal: ['Region__c', 'Note__c'] } },
  );
  expect(record).toEqual({
    id: DEAL,
    name: 'Kiln',
    status: 'open',
    probability: 0.29,
    closeDate: '2026-03-24',
    companyId: '0018d00000VrWn2AAF',
    ownerId: '0058d000004bTzRAAU',
    createdAt: '2026-02-02T08:30:11.000Z',
    modifiedAt: '2026-03-24T15:59:58.000Z',
    custom: { Region__c: 'North' },
    lines: [
      {
        id: '00k8d00000TuVw9AAF',
        productId: '01t8d000003XyZaAAK',
        name: 'Burner',
        quantity: '2.5',
        unitPrice: { value: '4850', currency: 'EUR' },
        total: { value: '12125', currency: 'EUR' },
      },
    ],
  });
});

it.each([
  ['free text', { MailingCountry: 'Germany' }, { custom: { MailingCountry: 'Germany' } }],
  ['a code typed as text', { MailingCountry: 'de' }, { address: { country: 'DE' } }],
  [
    'a picklist',
    { MailingCountry: 'Germany', MailingCountryCode: 'DE' },
    { address: { country: 'DE' }, custom: { MailingCountry: 'Germany' } },
  ],
])('a country that is %s', async (_name, row, expected) => {
  await expect(mapPresent('contact', row)).resolves.toEqual({ id: DEAL, ...expected });
});

it('maps leads with what they were converted into, products, and custom objects', async () => {
  const lead = { FirstName: 'Ada', Company: 'Kiln & Co', IsConverted: true, ConvertedOpportunityId: DEAL };
  await expect(mapPresent('lead', lead)).resolves.toEqual({
    id: DEAL,
    firstName: 'Ada',
    companyName: 'Kiln & Co',
    converted: true,
    convertedDealId: DEAL,
  });
  const product = { Name: 'Burner', ProductCode: 'B-1', IsActive: false };
  await expect(mapPresent('product', product)).resolves.toEqual({
    id: DEAL,
    name: 'Burner',
    sku: 'B-1',
    active: false,
  });
  await expect(mapPresent('custom-kiln__c', { Name: 'K1', Heat__c: 1200 })).resolves.toEqual({
    id: DEAL,
    name: 'K1',
    custom: { Heat__c: 1200 },
  });
});

describe('quotes and activities', () => {
  const [TASK, EVENT] = ['00T8d00000AbCdEEAV', '00U8d00000AbCdEEAV'];

  it.each([
    ['Accepted', { status: 'accepted', statusName: 'Accepted' }],
    ['In Review', { status: 'pending', statusName: 'In Review' }],
    ['A status of their own', { statusName: 'A status of their own' }],
  ])('a quote that is %s', async (Status, expected) => {
    const row = {
      QuoteNumber: '00000123',
      Status,
      GrandTotal: 99.5,
      OpportunityId: DEAL,
      ContactId: '0038d00000pQ7LmAAK',
    };
    await expect(mapPresent('quote', row)).resolves.toEqual({
      id: DEAL,
      number: '00000123',
      total: { value: '99.5', currency: 'EUR' },
      dealId: DEAL,
      contactIds: ['0038d00000pQ7LmAAK'],
      ...expected,
    });
  });

  it.each([
    [
      'a task',
      { Id: TASK, Subject: 'Ask', IsClosed: true, ActivityDate: '2026-03-24' },
      { kind: 'task', dueAt: '2026-03-24', done: true, name: 'Ask' },
    ],
    ['a call', { Id: TASK, TaskSubtype: 'Call' }, { kind: 'call', kindName: 'Call' }],
    [
      'a meeting',
      { Id: EVENT, StartDateTime: '2026-03-24T15:00:00.000+0000' },
      { kind: 'meeting', startsAt: '2026-03-24T15:00:00.000Z' },
    ],
    [
      'about a person and a deal',
      { Id: TASK, WhoId: '0038d00000pQ7LmAAK', WhatId: DEAL },
      { kind: 'task', contactIds: ['0038d00000pQ7LmAAK'], dealId: DEAL },
    ],
    [
      'about a lead and an account',
      { Id: EVENT, WhoId: '00Q8d00000AbCdEEAV', WhatId: '0018d00000VrWn2AAF' },
      { kind: 'meeting', leadId: '00Q8d00000AbCdEEAV', companyId: '0018d00000VrWn2AAF' },
    ],
  ])('an activity that is %s', async (_name, row, expected) => {
    await expect(mapPresent('activity', row)).resolves.toEqual({ id: row.Id, ...expected });
  });
});

it('throws what could not be read of a record', async () => {
  const notification = toNotification({ entity: 'deal', id: DEAL, change: 'updated', dedupeKey: 'k', payload: {} });
  await expect(mapSalesforce({ notification, fetched: new Error('no') }, connectOrg())).rejects.toThrow('no');
});
