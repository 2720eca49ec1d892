import type { Change, Notification } from '@crm-mesh/contract';
import { RetryLater, type MappedRecord } from '@crm-mesh/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startApiServer, type ApiServer } from '../../test/api-server.js';
import { createConfig, createContext, listRecordErrors, readSampleJson, SAMPLE_TIME_MS } from '../../test/context.js';
import { describeApi } from './api.js';
import { HubspotConfig } from './config.js';
import type { FetchedObject } from './fetch-records.js';
import { hubspotSource } from './index.js';
import { pathOfEntity } from './object-types.js';
import { decideStatus, decideTicketStatus } from './pipelines.js';
import { listAssociations, listProperties } from './properties.js';

let api: ApiServer;
beforeAll(async () => {
  api = await startApiServer();
});
beforeEach(() => {
  api.calls.length = 0;
  api.routes['GET /crm/v3/pipelines/deals'] = () => ({ body: readSampleJson('hubspot/api-deal-pipelines.json') });
  api.routes['GET /crm/v3/pipelines/tickets'] = () => ({ body: TICKET_PIPELINES });
});
afterAll(() => api.close());

const TICKET_PIPELINES = {
  results: [
    {
      id: '0',
      stages: [
        { id: '1', label: 'New', metadata: { ticketState: 'OPEN', isClosed: 'false' } },
        { id: '4', label: 'Closed', metadata: { ticketState: 'CLOSED', isClosed: 'true' } },
      ],
    },
    {
      id: '812723471',
      stages: [
        { id: '1', label: 'Closed?', metadata: { ticketState: 'OPEN' } },
        { id: '1234914', label: 'Waiting for parts', metadata: { ticketState: 'CLOSED' } },
        { id: '5', label: 'Says nothing', metadata: {} },
      ],
    },
  ],
};

function connect(part: object = {}, clock = { nowMs: SAMPLE_TIME_MS }) {
  const config = createConfig(HubspotConfig, { clientSecrets: ['s'], accessToken: 't', apiUrl: api.url, ...part });
  return createContext(config, { now: () => clock.nowMs, api: describeApi });
}

function notify(entity: string, part: Partial<Notification> = {}): Notification {
  return {
    tenant: 'acme',
    connection: 'hubspot',
    entity,
    id: '1',
    change: 'updated',
    dedupeKey: 'k',
    origin: 'webhook',
    modifiedAt: '2026-03-24T15:59:58.120Z',
    receivedAt: '2026-03-24T16:00:00.000Z',
    verifiedBy: 'hubspot-v3',
    payload: {},
    ...part,
  };
}

function object(properties: Record<string, string | null>, part: Partial<FetchedObject> = {}): FetchedObject {
  return { id: '1', properties, associations: {}, lineItems: [], ...part };
}

async function mapPresent(entity: string, fetched: FetchedObject, context = connect()) {
  const mapped = await hubspotSource.map({ notification: notify(entity), fetched }, context);
  if (mapped.state !== 'present') throw new Error(mapped.state);
  expect(listRecordErrors(entity, mapped.record)).toEqual([]);
  return mapped as Extract<MappedRecord, { state: 'present' }> & { record: Record<string, unknown> };
}

const deal = readSampleJson<FetchedObject>('hubspot/api-deal-get.json');
const won: FetchedObject = {
  id: deal.id,
  properties: deal.properties,
  associations: { companies: ['21884410322'], contacts: ['128850143501'], line_items: ['30077712004'] },
  lineItems: [
    {
      id: '30077712004',
      properties: {
        name: 'Burner',
        price: '4850',
        quantity: '10',
        amount: '48500.00',
        hs_product_id: '77',
        hs_sku: 'B-1',
      },
    },
  ],
};

describe('the samples, as canonical records', () => {
  it('a won deal with its lines', async () => {
    await expect(mapPresent('deal', won)).resolves.toEqual({
      state: 'present',
      modifiedAt: '2026-03-24T15:59:59.310Z',
      record: {
        id: '35120447789',
        name: 'Kiln line refit 2026',
        amount: { value: '48500.00', currency: 'EUR' },
        status: 'won',
        stage: 'closedwon',
        stageName: 'Closed won',
        pipeline: 'default',
        probability: 1,
        closeDate: '2026-03-24T15:59:58.044Z',
        ownerId: '77120931',
        createdAt: '2026-02-02T08:30:11.020Z',
        modifiedAt: '2026-03-24T15:59:59.310Z',
        companyId: '21884410322',
        contactIds: ['128850143501'],
        lines: [
          {
            id: '30077712004',
            productId: '77',
            sku: 'B-1',
            name: 'Burner',
            quantity: '10',
            unitPrice: { value: '4850', currency: 'EUR' },
            total: { value: '48500.00', currency: 'EUR' },
          },
        ],
      },
    });
  });

  it('a deal without amount (null)', async () => {
    const [, spare] = readSampleJson<{ results: FetchedObject[] }>('hubspot/api-deals-search-page.json').results;
    const { record } = await mapPresent('deal', { ...spare!, associations: {}, lineItems: [] });
    expect(record).toEqual({
      id: '35120450012',
      name: 'Spare burner set',
      status: 'open',
      stage: 'appointmentscheduled',
      stageName: 'Appointment scheduled',
      pipeline: 'default',
      createdAt: '2026-03-24T16:00:01.700Z',
      modifiedAt: '2026-03-24T16:00:02.001Z',
    });
  });

  it('a contact with a cleared phone', async () => {
    const [contact] = readSampleJson<{ results: FetchedObject[] }>('hubspot/api-contacts-batch-read.json').results;
    const { record } = await mapPresent('contact', { ...contact!, associations: {}, lineItems: [] });
    expect(record).toEqual({
      id: '128850143501',
      email: 'leonie.hartwig@brightwater-ceramics.example',
      firstName: 'Leonie',
      lastName: 'Hartwig',
      jobTitle: 'Head of Procurement',
      createdAt: '2026-03-10T09:14:22.187Z',
      modifiedAt: '2026-03-11T13:02:46.411Z',
    });
  });
});

describe('fields', () => {
  it('an address, with the country only where it is a code', async () => {
    const address = { address: 'Ofenweg 3', city: 'Selb', zip: '95100', state: 'Bayern' };
    const coded = await mapPresent('contact', object({ ...address, country: 'de', associatedcompanyid: '9' }));
    expect(coded.record).toMatchObject({
      companyId: '9',
      address: { street: 'Ofenweg 3', city: 'Selb', postalCode: '95100', region: 'Bayern', country: 'DE' },
    });
    const worded = await mapPresent('contact', object({ ...address, country: 'Germany' }));
    expect(worded.record).toMatchObject({ custom: { country: 'Germany' } });
  });

  it('a company; its revenue stays as it is where no currency is configured', async () => {
    const company = object({
      name: 'Brightwater',
      domain: 'b.example',
      annualrevenue: '1.84E7',
      numberofemployees: '42',
      glaze: 'blue',
      empty: '',
    });
    expect((await mapPresent('company', company)).record).toEqual({
      id: '1',
      name: 'Brightwater',
      domain: 'b.example',
      employeeCount: 42,
      custom: { annualrevenue: '1.84E7', glaze: 'blue' },
    });
    expect((await mapPresent('company', company, connect({ currency: 'EUR' }))).record).toMatchObject({
      annualRevenue: { value: '18400000', currency: 'EUR' },
      custom: { glaze: 'blue' },
    });
  });

  it.each([
    [
      'product',
      object({ name: 'Burner', hs_sku: 'B-1', description: 'x', price: '12.5' }),
      { name: 'Burner', sku: 'B-1', description: 'x', price: { value: '12.5', currency: 'EUR' } },
    ],
    [
      'lead',
      object(
        { hs_lead_name: 'L', hs_lead_label: 'HOT', hs_lead_type: 'NEW' },
        { associations: { contacts: ['3', '4'], companies: ['5'] } },
      ),
      { name: 'L', status: 'HOT', contactIds: ['3', '4'], companyId: '5', custom: { hs_lead_type: 'NEW' } },
    ],
    [
      'invoice',
      object(
        {
          hs_number: 'I-1',
          hs_invoice_status: 'open',
          hs_amount_billed: '9.90',
          hs_currency: 'CHF',
          hs_due_date: '2026-04-01',
        },
        { associations: { deals: ['8'] } },
      ),
      { number: 'I-1', status: 'open', total: { value: '9.90', currency: 'CHF' }, dueAt: '2026-04-01', dealId: '8' },
    ],
    [
      'payment',
      object(
        {
          hs_initial_amount: '49.99',
          hs_latest_status: 'partially_refunded',
          hs_payment_method_type: 'card',
          hs_initiated_date: '2024-03-27T18:04:11.823Z',
          hs_currency_code: 'USD',
          hs_customer_email: 'c@x.example',
          hs_refunds_amount: '10',
        },
        {
          associations: {
            companies: ['4'],
            contacts: ['5', '6'],
            deals: ['7'],
            invoices: ['8', '9'],
            orders: ['10'],
          },
        },
      ),
      {
        amount: { value: '49.99', currency: 'USD' },
        status: 'partially_refunded',
        method: 'card',
        paidAt: '2024-03-27T18:04:11.823Z',
        companyId: '4',
        contactIds: ['5', '6'],
        dealId: '7',
        invoiceId: '8',
        orderId: '10',
        custom: { hs_customer_email: 'c@x.example', hs_refunds_amount: '10' },
      },
    ],
    ['contact', object({ email: 'a@x.example', hs_lead_status: 'OPEN' }), { email: 'a@x.example', status: 'OPEN' }],
    [
      'ticket',
      object({ subject: 'Help', hs_pipeline: '0', hs_pipeline_stage: '1', closed_date: '2026-03-01T10:00:00Z' }),
      {
        ...{ name: 'Help', pipeline: '0', stage: '1', closedAt: '2026-03-01T10:00:00.000Z' },
        ...{ status: 'open', stageName: 'New' },
      },
    ],
    [
      'quote',
      object(
        {
          hs_title: 'Offer',
          hs_status: 'APPROVAL_NOT_NEEDED',
          hs_quote_amount: '12.5',
          hs_expiration_date: '2026-04-01',
        },
        { associations: { deals: ['7'], contacts: ['5'] } },
      ),
      {
        name: 'Offer',
        status: 'approved',
        statusName: 'APPROVAL_NOT_NEEDED',
        total: { value: '12.5', currency: 'EUR' },
        expiresAt: '2026-04-01',
        dealId: '7',
        contactIds: ['5'],
      },
    ],
    ['quote', object({ hs_status: 'PUBLISHED' }), { statusName: 'PUBLISHED' }],
    [
      'activity',
      object(
        { hs_task_subject: 'Call', hs_task_type: 'CALL', hs_task_status: 'COMPLETED', hs_timestamp: '1774606800000' },
        { associations: { tickets: ['9'] } },
      ),
      {
        name: 'Call',
        kind: 'task',
        kindName: 'CALL',
        done: true,
        status: 'COMPLETED',
        dueAt: '2026-03-27T10:20:00.000Z',
        ticketId: '9',
      },
    ],
    ['custom-2-77', object({ kiln: 'K3' }), { custom: { kiln: 'K3' } }],
  ])('%s', async (entity, fetched, expected) => {
    expect((await mapPresent(entity, fetched, connect({ currency: 'EUR' }))).record).toEqual({ id: '1', ...expected });
  });

  it('of a payment are asked for, with what it is linked to', () => {
    const { config } = connect();
    expect(pathOfEntity('payment')).toBe('commerce_payments');
    expect(listProperties('payment', config)).toEqual(
      expect.arrayContaining(['hs_initial_amount', 'hs_latest_status', 'hs_currency_code', 'hs_reference_number']),
    );
    expect(listAssociations('payment', config)).toEqual(['companies', 'contacts', 'deals', 'invoices', 'orders']);
    expect(listProperties('contact', config)).toContain('hs_lead_status');
  });

  it('reads epoch milliseconds and ISO dates alike', async () => {
    const { record } = await mapPresent(
      'deal',
      object({
        closedate: '1774367998044',
        createdate: '1770021011020',
        hs_lastmodifieddate: '2026-03-24T15:59:59.310Z',
      }),
    );
    expect(record).toMatchObject({
      closeDate: '2026-03-24T15:59:58.044Z',
      createdAt: '2026-02-02T08:30:11.020Z',
      modifiedAt: '2026-03-24T15:59:59.310Z',
    });
  });

  it('leaves out an amount without a currency and a price that is none, and says the cure', async () => {
    const lineItems = [{ id: '5', properties: { price: 'much', hs_line_item_currency_code: 'EUR' } }];
    const mapped = await mapPresent('deal', object({ amount: '10', dealname: 'Kilns' }, { lineItems }));
    expect(mapped).toMatchObject({
      record: { id: '1', name: 'Kilns', status: 'open' },
      unread: [
        { field: 'amount', why: expect.stringMatching(/The field deal.amount.*Set `currency`/) as string },
        { field: 'lines', why: expect.stringMatching(/deal.lines\[\].price/) as string },
      ],
    });
    for (const field of ['amount', 'lines']) expect(mapped.record).not.toHaveProperty(field);
  });
});

describe('won and lost', () => {
  it.each([
    [{ isClosed: 'true', probability: '1.0' }, 'won'],
    [{ isClosed: 'true', probability: '0.0' }, 'lost'],
    [{ isClosed: 'false', probability: '0.9' }, 'open'],
    [{ isClosed: 'false', probability: '0.0' }, 'open'],
    [{ isClosed: true, probability: 1 }, 'won'],
    [{ probability: '1.0' }, 'won'],
    [{ probability: '0' }, 'lost'],
    [{ probability: '0.2' }, 'open'],
    [undefined, 'open'],
  ])('%o → %s', (metadata, status) => expect(decideStatus(metadata)).toBe(status));

  it('believes the pipeline, not the name of the stage', async () => {
    api.routes['GET /crm/v3/pipelines/deals'] = () => ({
      body: {
        results: [
          {
            id: '7',
            stages: [
              { id: 'closedwon', label: 'Closed won', metadata: { isClosed: 'true', probability: '0.0' } },
              { id: '991', label: 'Parked', metadata: { isClosed: 'true', probability: '1.0' } },
            ],
          },
        ],
      },
    });
    const context = connect();
    expect((await mapPresent('deal', object({ pipeline: '7', dealstage: 'closedwon' }), context)).record).toMatchObject(
      { status: 'lost' },
    );
    expect((await mapPresent('deal', object({ pipeline: '7', dealstage: '991' }), context)).record).toMatchObject({
      status: 'won',
      stageName: 'Parked',
    });
    expect(api.calls).toHaveLength(1);
  });

  it('asks again for a stage it does not know, but not every time', async () => {
    const clock = { nowMs: SAMPLE_TIME_MS };
    const context = connect({}, clock);
    await mapPresent('deal', won, context);
    clock.nowMs += 31_000;
    const gone = object({ pipeline: 'default', dealstage: 'gone', hs_is_closed: 'true', hs_is_closed_won: 'true' });
    expect((await mapPresent('deal', gone, context)).record).toMatchObject({ status: 'won', stage: 'gone' });
    await mapPresent('deal', gone, context);
    expect(api.calls).toHaveLength(2);
  });

  it('does not keep a failure', async () => {
    const context = connect();
    api.routes['GET /crm/v3/pipelines/deals'] = () => ({ status: 500 });
    await expect(mapPresent('deal', won, context)).rejects.toThrow('500');
    api.routes['GET /crm/v3/pipelines/deals'] = () => ({ body: readSampleJson('hubspot/api-deal-pipelines.json') });
    await expect(mapPresent('deal', won, context)).resolves.toBeDefined();
  });
});

describe('open and closed tickets', () => {
  it.each([
    [{ ticketState: 'OPEN', isClosed: 'false' }, 'open'],
    [{ ticketState: 'CLOSED', isClosed: 'true' }, 'closed'],
    [{ ticketState: 'OPEN' }, 'open'],
    [{ ticketState: 'CLOSED' }, 'closed'],
    [{ isClosed: 'true' }, 'closed'],
    [{ isClosed: 'false' }, 'open'],
    [{}, undefined],
    [undefined, undefined],
  ])('%o → %s', (metadata, status) => expect(decideTicketStatus(metadata)).toBe(status));

  it.each([
    [{ hs_pipeline: '0', hs_pipeline_stage: '4' }, 'closed', 'Closed'],
    [{ hs_pipeline: '812723471', hs_pipeline_stage: '1' }, 'open', 'Closed?'],
    [{ hs_pipeline: '812723471', hs_pipeline_stage: '1234914' }, 'closed', 'Waiting for parts'],
    [{ hs_pipeline: '812723471', hs_pipeline_stage: '5' }, undefined, 'Says nothing'],
    [{ hs_pipeline: '0', hs_pipeline_stage: 'gone' }, undefined, undefined],
    [{ hs_pipeline: '0' }, undefined, undefined],
  ])('%o is %s: by its own pipeline, whatever the stage is called', async (properties, status, stageName) => {
    const { record } = await mapPresent('ticket', object(properties));
    expect([record.status, record.stageName]).toEqual([status, stageName]);
  });

  it('ask for pipelines of their own, once', async () => {
    const context = connect();
    for (const id of ['1', '4'])
      await mapPresent('ticket', object({ hs_pipeline: '0', hs_pipeline_stage: id }), context);
    await mapPresent('deal', won, context);
    expect(api.calls.map(({ route }) => route)).toEqual([
      'GET /crm/v3/pipelines/tickets',
      'GET /crm/v3/pipelines/deals',
    ]);
  });
});

describe('records that are gone', () => {
  const map = (change: Change, part: Partial<Notification> = {}, fetched?: unknown) =>
    Promise.resolve(hubspotSource.map({ notification: notify('contact', { change, ...part }), fetched }, connect()));

  it('deleted and not found', async () => {
    await expect(map('deleted')).resolves.toEqual({ state: 'deleted', modifiedAt: '2026-03-24T15:59:58.120Z' });
  });

  it('an old change of a record that is not there any more', async () => {
    await expect(map('updated', { modifiedAt: '2026-03-24T15:59:00.000Z' })).resolves.toMatchObject({
      state: 'deleted',
    });
  });

  it.each(['created', 'merged'] as const)('%s just now and not there yet: asked for again', async (change) => {
    const error: unknown = await map(change).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RetryLater);
    expect(error).toMatchObject({ delayMs: Date.parse('2026-03-24T16:00:08.120Z') - SAMPLE_TIME_MS });
  });

  it('deleted, but restored since: what HubSpot has counts', async () => {
    await expect(map('deleted', {}, object({ email: 'a@b.example' }))).resolves.toMatchObject({ state: 'present' });
  });

  it('erased, whatever HubSpot still has', async () => {
    await expect(map('erased', {}, object({ email: 'a@b.example' }))).resolves.toEqual({
      state: 'erased',
      modifiedAt: '2026-03-24T15:59:58.120Z',
    });
  });

  it('an error for this record alone', async () => {
    await expect(map('updated', {}, new Error('VALIDATION_ERROR'))).rejects.toThrow('VALIDATION_ERROR');
  });
});
