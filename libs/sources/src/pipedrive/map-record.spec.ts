import type { Notification } from '@crm-mesh/contract';
import { PermanentError, RetryLater } from '@crm-mesh/sdk';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRequest, listRecordErrors, readSample, readSampleJson, toNotification } from '../../test/context.js';
import { createTableApi } from '../../test/table-api.js';
import { pipedriveSource } from './index.js';
import { connect, KILN_VALUE, METADATA, REGION, tell } from './pipedrive.fixture.js';
import type { Row } from './lists.js';

const GOLDEN = new URL('../../../../test/golden/pipedrive/', import.meta.url);

async function mapRow(entity: string, row: Row | undefined, part: Partial<Notification> = {}, context = connect()) {
  const draft = { entity, id: String(row?.id ?? '1'), change: 'updated' as const, dedupeKey: 'k', payload: {} };
  const mapped = await pipedriveSource.map(
    { notification: { ...toNotification(draft), origin: 'poll', ...part }, fetched: row },
    context,
  );
  if (mapped.state === 'present') expect(listRecordErrors(entity, mapped.record)).toEqual([]);
  return mapped;
}

async function mapPresent(entity: string, row: Row, context = connect()): Promise<Record<string, unknown>> {
  const mapped = await mapRow(entity, row, {}, context);
  if (mapped.state !== 'present') throw new Error(mapped.state);
  return mapped.record as unknown as Record<string, unknown>;
}

describe('the samples, as canonical records', () => {
  it.each([
    'person-created',
    'person-updated',
    'person-deleted',
    'organization-updated',
    'deal-stage-changed',
    'deal-closed-won',
    'deal-closed-lost',
    'deal-deleted',
    'deal-own-write',
  ])('%s', async (name) => {
    const body = readSample(`pipedrive/${name}.json`).toString();
    const [draft] = pipedriveSource.split!(createRequest({ body }), connect());
    const mapped = await pipedriveSource.map(
      { notification: toNotification(draft!), fetched: draft!.fetched },
      connect(),
    );
    expect(mapped).toEqual(JSON.parse(readFileSync(new URL(`${name}.json`, GOLDEN), 'utf8')));
    if (mapped.state === 'present') expect(listRecordErrors(draft!.entity, mapped.record)).toEqual([]);
  });

  it('a page of the API is the same deal as its webhook', async () => {
    const { data } = readSampleJson<{ data: Row[] }>('pipedrive/api-deals-page.json');
    const polled = await mapPresent('deal', data[0]!);
    const { record } = JSON.parse(readFileSync(new URL('deal-closed-won.json', GOLDEN), 'utf8')) as { record: object };
    expect(polled).toEqual(record);
  });
});

const deal = (part: object = {}): Row => ({
  id: 1,
  title: 'Kiln',
  status: 'open',
  stage_id: 14,
  pipeline_id: 2,
  ...part,
});

describe('a deal', () => {
  it.each([
    ['open', { stage_id: 14, probability: null }, { status: 'open', stageName: 'Negotiation', probability: 0.75 }],
    ['open, with a probability of its own', { probability: 30 }, { probability: 0.3 }],
    ['in a pipeline without probabilities', { stage_id: 20, pipeline_id: 3 }, { probability: undefined }],
    ['won keeps its stage', { status: 'won' }, { status: 'won', stage: '14', probability: undefined }],
    ['lost', { status: 'lost', lost_reason: 'Price' }, { status: 'lost', lostReason: 'Price' }],
    [
      'reopened: won once, open again',
      { won_time: null, first_won_time: '2026-03-24T15:59:58Z', expected_close_date: '2026-04-30' },
      { status: 'open', closeDate: '2026-04-30' },
    ],
    ['expected', { expected_close_date: '2026-03-31' }, { closeDate: '2026-03-31' }],
    [
      'won closes when it was won',
      { status: 'won', won_time: '2026-03-24T15:59:58Z', expected_close_date: '2026-03-31' },
      { closeDate: '2026-03-24T15:59:58.000Z' },
    ],
    ['of 0', { value: 0, currency: 'EUR' }, { amount: { value: '0', currency: 'EUR' } }],
    ['in yen', { value: 1_250_000, currency: 'JPY' }, { amount: { value: '1250000', currency: 'JPY' } }],
    ['with cents', { value: 0.1, currency: 'EUR' }, { amount: { value: '0.1', currency: 'EUR' } }],
    ['of no value', { value: null, currency: 'EUR' }, { amount: undefined }],
    ['of a person and a company', { person_id: 8, org_id: 9 }, { contactIds: ['8'], companyId: '9' }],
    ['with long ids', { person_id: '9007199254740993' }, { contactIds: ['9007199254740993'] }],
    ['in a stage that is gone', { stage_id: 99 }, { stage: '99', stageName: undefined }],
  ])('%s', async (_name, part, expected) => {
    const record = await mapPresent('deal', deal(part));
    for (const [field, value] of Object.entries(expected)) expect(record[field], field).toEqual(value);
  });

  it('has its products as lines', async () => {
    const products = [
      {
        id: 5,
        product_id: 77,
        name: 'Burner',
        item_price: 4850,
        quantity: 10,
        sum: 43650,
        currency: 'EUR',
        discount: 10,
        discount_type: 'percentage',
        tax: 19,
        is_enabled: true,
      },
      {
        id: 6,
        product_id: 78,
        name: 'Service',
        item_price: 12.5,
        quantity: 0.5,
        sum: 5.25,
        discount: 1,
        discount_type: 'amount',
        tax: 0,
        billing_frequency: 'monthly',
      },
    ];
    const record = await mapPresent('deal', deal({ currency: 'EUR', products }));
    expect(record.lines).toEqual([
      {
        id: '5',
        productId: '77',
        name: 'Burner',
        quantity: '10',
        unitPrice: { value: '4850', currency: 'EUR' },
        total: { value: '43650', currency: 'EUR' },
        custom: { discount_percentage: 10, tax_percentage: 19 },
      },
      {
        id: '6',
        productId: '78',
        name: 'Service',
        quantity: '0.5',
        unitPrice: { value: '12.5', currency: 'EUR' },
        discount: { value: '1', currency: 'EUR' },
        total: { value: '5.25', currency: 'EUR' },
        custom: { billing_frequency: 'monthly' },
      },
    ]);
  });

  it('asks for a stage that it does not know once in a while, not each time', async () => {
    const [api, clock] = [createTableApi({ ...METADATA }), { nowMs: 1_774_368_000_000 }];
    const context = connect({}, api, clock);
    for (let count = 0; count < 3; count += 1) await mapPresent('deal', deal({ stage_id: 99 }), context);
    expect(api.requests.filter(({ path }) => path === '/api/v2/stages')).toHaveLength(1);
    clock.nowMs += 30_000;
    api.table['/api/v2/stages'] = { data: [{ id: 99, name: 'New', pipeline_id: 2 }] };
    expect(await mapPresent('deal', deal({ stage_id: 99 }), context)).toMatchObject({ stageName: 'New' });
  });
});

describe('custom fields', () => {
  it.each([
    ['text', { type: 'varchar', value: 'Kiln' }, 'Kiln', 'Kiln'],
    [
      'money',
      { type: 'monetary', value: 5200, currency: 'EUR' },
      { value: 5200, currency: 'EUR' },
      { value: 5200, currency: 'EUR' },
    ],
    ['one of several', { type: 'enum', id: 41 }, 41, 41],
    ['some of several', { type: 'set', values: [{ id: 41 }, { id: 42 }] }, [41, 42], [41, 42]],
    ['a person', { type: 'people', id: 88213 }, 88213, 88213],
    [
      'a span of days',
      { type: 'daterange', value: '2026-01-01', until: '2026-02-01' },
      { value: '2026-01-01', until: '2026-02-01' },
      { value: '2026-01-01', until: '2026-02-01' },
    ],
    ['nothing', null, null, undefined],
    ['none of several', { type: 'set', values: [] }, [], undefined],
  ])('%s is the same in a webhook and in the API', async (_name, told, read, expected) => {
    for (const value of [told, read]) {
      const record = await mapPresent('deal', deal({ custom_fields: { [REGION]: value } }));
      expect((record.custom as Row | undefined)?.Region).toEqual(expected);
    }
  });

  it('stand beside the other fields in version 1', async () => {
    const row = { id: 'a-b', title: 'Kiln', [KILN_VALUE]: 5200, [`${KILN_VALUE}_currency`]: 'EUR', [REGION]: 41 };
    expect(await mapPresent('lead', row)).toMatchObject({
      custom: { 'Kiln value': { value: 5200, currency: 'EUR' }, Region: 41 },
    });
  });

  it.each([
    ['by name', {}, 'Kiln value'],
    ['by key', { customFieldNames: 'key' }, KILN_VALUE],
    ['as configured', { customFields: { deal: { [KILN_VALUE]: 'kiln' } } }, 'kiln'],
  ])('are called %s', async (_name, part, expected) => {
    const record = await mapPresent('deal', deal({ custom_fields: { [KILN_VALUE]: 1 } }), connect(part));
    expect(record.custom).toEqual({ [expected]: 1 });
  });

  it('keep their keys where two are called the same', async () => {
    const fields = [KILN_VALUE, REGION].map((field_code) => ({ field_name: 'Kiln', field_code, field_type: 'int' }));
    const context = connect({}, createTableApi({ ...METADATA, '/api/v2/dealFields': { data: fields } }));
    const record = await mapPresent('deal', deal({ custom_fields: { [KILN_VALUE]: 1, [REGION]: 2 } }), context);
    expect(record.custom).toEqual({ [KILN_VALUE]: 1, [REGION]: 2 });
  });
});

describe('the other entities', () => {
  it.each([
    [
      'contact',
      { emails: [{ value: 'b@x.example' }, { value: 'a@x.example', primary: true }], phones: [], visible_to: '3' },
      { email: 'a@x.example', emails: ['a@x.example', 'b@x.example'], custom: { visible_to: 3 } },
    ],
    [
      'company',
      {
        address: {
          value: 'Ofenweg 3, Berlin',
          route: 'Ofenweg',
          street_number: '3',
          locality: 'Berlin',
          country: 'Germany',
        },
      },
      { address: { street: 'Ofenweg 3', city: 'Berlin' }, custom: { country: 'Germany' } },
    ],
    ['company', { address: 'Ofenweg 3' }, { address: { street: 'Ofenweg 3' } }],
    [
      'lead',
      {
        title: 'Kiln',
        value: { amount: 3000, currency: 'USD' },
        person_id: 8,
        organization_id: 9,
        is_archived: false,
        add_time: '2026-03-01 08:00:00',
      },
      {
        name: 'Kiln',
        amount: { value: '3000', currency: 'USD' },
        contactIds: ['8'],
        companyId: '9',
        createdAt: '2026-03-01T08:00:00.000Z',
      },
    ],
    [
      'product',
      {
        name: 'Burner',
        code: 'B-1',
        is_linkable: true,
        prices: [
          { price: 5, currency: 'USD' },
          { price: 4.5, currency: 'EUR' },
        ],
      },
      { name: 'Burner', sku: 'B-1', active: true, price: { value: '4.5', currency: 'EUR' } },
    ],
    [
      'custom-note',
      { content: 'x', user_id: 4, add_time: '2026-03-01 08:00:00' },
      { ownerId: '4', custom: { content: 'x', user_id: 4 } },
    ],
  ])('%s', async (entity, row, expected) => {
    expect(await mapPresent(entity, { id: 1, ...row }, connect({ currency: 'EUR' }))).toMatchObject(expected);
  });

  it.each([
    [
      'a call with a time',
      { type: 'call', due_date: '2026-03-26', due_time: '09:30', duration: '00:45', done: false },
      {
        kind: 'call',
        kindName: 'call',
        done: false,
        dueAt: '2026-03-26T09:30:00.000Z',
        startsAt: '2026-03-26T09:30:00.000Z',
        endsAt: '2026-03-26T10:15:00.000Z',
      },
    ],
    [
      'a deadline for the day',
      { type: 'deadline', due_date: '2026-03-26', due_time: null, done: true },
      { kind: 'task', kindName: 'deadline', done: true, dueAt: '2026-03-26', startsAt: undefined },
    ],
    ['a kind of the company’s own', { type: 'site_visit' }, { kind: 'other', kindName: 'site_visit' }],
    [
      'its people',
      { person_id: 8, participants: [{ person_id: 9 }, { person_id: 8, primary: true }], deal_id: 5, org_id: 6 },
      { contactIds: ['8', '9'], dealId: '5', companyId: '6' },
    ],
  ])('an activity: %s', async (_name, row, expected) => {
    const record = await mapPresent('activity', { id: 1, subject: 'Kiln', ...row });
    for (const [field, value] of Object.entries({ name: 'Kiln', ...expected }))
      expect(record[field], field).toEqual(value);
  });

  it('tells what webhooks lack only where everything is read from the API', async () => {
    const row = { id: 1, name: 'Brightwater', website: 'https://x.example', annual_revenue: 5 };
    expect(await mapPresent('company', row)).toEqual({ id: '1', name: 'Brightwater' });
    expect(await mapPresent('company', row, connect({ readRecords: true, currency: 'EUR' }))).toMatchObject({
      website: 'https://x.example',
      annualRevenue: { value: '5', currency: 'EUR' },
    });
  });
});

describe('the time of a state', () => {
  const UPDATED = '2026-03-24T15:59:58Z';
  const at = async (row: Row, part: Partial<Notification>) => (await mapRow('contact', row, part)).modifiedAt;

  it.each([
    ['a webhook in the second of its record', '2026-03-24T15:59:58.120Z', '2026-03-24T15:59:58.120Z'],
    ['a webhook a moment later', '2026-03-24T15:59:59.010Z', '2026-03-24T15:59:58.999Z'],
    ['a webhook that is older than its record', '2026-03-24T15:59:50.000Z', '2026-03-24T15:59:58.000Z'],
    ['a change that does not touch update_time', '2026-03-24T17:00:00.000Z', '2026-03-24T17:00:00.000Z'],
  ])('%s', async (_name, modifiedAt, expected) => {
    const row = { id: 1, update_time: UPDATED };
    expect(await at(row, { origin: 'webhook', modifiedAt, fetched: row })).toBe(expected);
  });

  it('is the end of its second for what was read from the API: all of the second is in it', async () => {
    const row = { id: 1, update_time: UPDATED };
    expect(await at(row, { origin: 'poll', fetched: row })).toBe('2026-03-24T15:59:58.999Z');
    expect(await at(row, { origin: 'webhook', modifiedAt: '2026-03-24T15:59:58.120Z' })).toBe(
      '2026-03-24T15:59:58.999Z',
    );
  });
});

describe('what is gone', () => {
  const old = '2026-03-24T15:00:00.000Z';
  it.each([
    ['a deal among the deleted', { id: 1, status: 'deleted', update_time: '2026-03-24T15:00:00Z' }],
    ['a person that is marked', { id: 1, is_deleted: true, update_time: '2026-03-24T15:00:00Z' }],
    ['what is not found', undefined],
  ])('%s', async (_name, row) =>
    expect(await mapRow('deal', row, { modifiedAt: old })).toMatchObject({ state: 'deleted' }),
  );

  it('is asked for again where the change is young', async () => {
    const young = { modifiedAt: '2026-03-24T16:00:00.000Z' };
    await expect(mapRow('deal', undefined, young)).rejects.toThrow(RetryLater);
    await expect(mapRow('deal', undefined, { ...young, change: 'deleted' })).resolves.toMatchObject({
      state: 'deleted',
    });
  });

  it('is no failure of reading', async () => {
    await expect(mapRow('deal', new PermanentError('broken') as never)).rejects.toThrow('broken');
  });
});

it('has no amount without a currency', async () => {
  const mapped = await mapRow('deal', deal({ value: 5, currency: null }));
  expect(mapped).toMatchObject({ record: { name: 'Kiln' }, unread: [{ field: 'amount' }] });
  expect(mapped).not.toHaveProperty('record.amount');
});

it('reads the fields that it says it reads', async () => {
  const body = tell({}, deal());
  expect(pipedriveSource.reads!('deal', connect().config)).toEqual(
    expect.arrayContaining([...Object.keys(deal()), 'value', 'custom_fields']),
  );
  expect(pipedriveSource.split!(createRequest({ body }), connect())).toHaveLength(1);
});
