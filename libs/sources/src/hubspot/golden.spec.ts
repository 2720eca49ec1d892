import { readFileSync } from 'node:fs';
import type { Notification } from '@crm-mesh/contract';
import type { MappedRecord, NotificationDraft } from '@crm-mesh/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApiServer, type ApiReply, type ApiServer } from '../../test/api-server.js';
import {
  createConfig,
  createContext,
  createRequest,
  listRecordErrors,
  readSample,
  readSampleJson,
  SAMPLE_TIME_MS,
  toNotification,
} from '../../test/context.js';
import { gatherNotifications } from '../kit/gather-notifications.js';
import { HubspotConfig } from './config.js';
import { hubspotSource } from './index.js';

const GOLDEN = new URL('../../../../test/golden/hubspot/', import.meta.url);
/** All but the newest samples are of days before. */
const NOW_MS = SAMPLE_TIME_MS + 86_400_000;

interface Sample {
  id: string;
  properties: Record<string, string | null>;
  associations?: Record<string, { results: { id: string; type: string }[] }>;
}

const deal = readSampleJson<Sample>('hubspot/api-deal-get.json');
/** HubSpot as the samples of its API show it; of companies and line items there is none. */
const PORTAL: Readonly<Record<string, readonly Sample[]>> = {
  contacts: readSampleJson<{ results: Sample[] }>('hubspot/api-contacts-batch-read.json').results,
  companies: [{ id: '21884410322', properties: { name: 'Brightwater Ceramics', annualrevenue: '18400000' } }],
  deals: [deal],
  line_items: [
    { id: '30077712004', properties: { name: 'Burner', price: '4850', quantity: '10', amount: '48500.00' } },
  ],
};

/** Samples of which HubSpot does not have the record any more. */
const GONE = ['contact-deleted', 'contact-privacy-deleted'];

let api: ApiServer;
let isGone = false;
beforeAll(async () => {
  api = await startApiServer();
  api.routes['GET /crm/v3/pipelines/deals'] = () => ({ body: readSampleJson('hubspot/api-deal-pipelines.json') });
  api.routes['POST /crm/v3/objects/deals/search'] = () => ({
    body: readSampleJson('hubspot/api-deals-search-page.json'),
  });
  for (const [type, objects] of Object.entries(PORTAL)) {
    api.routes[`POST /crm/v3/objects/${type}/batch/read`] = ({ inputs }: { inputs: { id: string }[] }): ApiReply => ({
      body: { results: objects.filter(({ id }) => !isGone && inputs.some((input) => input.id === id)) },
    });
    api.routes[`POST /crm/v4/associations/deals/${type}/batch/read`] = ({ inputs }: { inputs: { id: string }[] }) => ({
      body: { results: inputs.some(({ id }) => id === deal.id) ? [describeLinks(type)] : [] },
    });
  }
});
afterAll(() => api.close());

/** Of tickets there is no sample: as HubSpot's reference shows an object and the pipelines of tickets. */
const TICKETS: readonly Sample[] = [
  ticketOf('9000000001', { hs_pipeline_stage: '1', hs_ticket_priority: 'HIGH', source_type: 'EMAIL' }),
  ticketOf('9000000002', { hs_pipeline_stage: '4', closed_date: '2026-03-25T09:30:00Z', content: 'It is solved.' }),
  ticketOf('9000000003', { hs_pipeline_stage: 'deleted-since' }),
];
const TICKET_PIPELINES = {
  results: [
    {
      id: '0',
      label: 'Support pipeline',
      stages: [
        { id: '1', label: 'New', metadata: { ticketState: 'OPEN', isClosed: 'false' } },
        { id: '4', label: 'Closed', metadata: { ticketState: 'CLOSED', isClosed: 'true' } },
      ],
    },
  ],
};

function ticketOf(id: string, properties: Sample['properties']): Sample {
  const always = { subject: 'The kiln stays cold', hs_pipeline: '0', createdate: '2026-03-24T08:00:00.000Z' };
  return { id, properties: { ...always, hs_lastmodifieddate: '2026-03-25T09:30:00.120Z', ...properties } };
}

function describeLinks(type: string): object {
  const links = deal.associations?.[type.replace('_', ' ')]?.results ?? [];
  return { from: { id: deal.id }, to: links.map(({ id }) => ({ toObjectId: id, associationTypes: [] })) };
}

const connect = () => {
  const plain = { clientSecrets: ['s'], accessToken: 't', apiUrl: api.url, currency: 'EUR' };
  return createContext(createConfig(HubspotConfig, plain), { nowMs: NOW_MS, api: hubspotSource.api! });
};

interface Told {
  entity: string;
  id: string;
  change: string;
  mapped: MappedRecord;
}

const addressOf = ({ entity, id }: NotificationDraft): string => `${entity}/${id}`;

/** As the normaliser does: the signs of one record together, read once, mapped. */
async function tell(drafts: readonly NotificationDraft[]): Promise<Told[]> {
  const told: Told[] = [];
  for (const record of new Set(drafts.map(addressOf))) {
    const gathered = drafts.filter((draft) => addressOf(draft) === record).map(toNotification);
    const notification = gatherNotifications(gathered as [Notification, ...Notification[]]);
    const { entity, id, change } = notification;
    const context = connect();
    const fetched = notification.fetched ?? (await hubspotSource.fetch!(entity, [id], context)).get(id);
    const mapped = await hubspotSource.map({ notification, fetched }, context);
    if (mapped.state === 'present') expect(listRecordErrors(entity, mapped.record)).toEqual([]);
    told.push({ entity, id, change, mapped });
  }
  return told;
}

function expectGolden(name: string, told: readonly Told[]): void {
  expect(told).toEqual(JSON.parse(readFileSync(new URL(`${name}.json`, GOLDEN), 'utf8')));
}

describe('the samples, as records', () => {
  it.each([
    'association-changed',
    'company-updated',
    'contact-created',
    'contact-deleted',
    'contact-privacy-deleted',
    'contact-restored',
    'contact-updated',
    'deal-closed-won',
    'deal-own-write.UNCONFIRMED',
    'deal-stage-changed',
    'signed/contact-created.raw',
    'signed/deal-closed-won.raw',
  ])('%s', async (name) => {
    isGone = GONE.includes(name);
    const request = createRequest({ body: readSample(`hubspot/${name}.json`) });
    const told = await tell(hubspotSource.split!(request, connect()));
    expectGolden(name.replace(/^signed\//, 'signed-'), told);
  });

  it('tickets', async () => {
    isGone = false;
    api.routes['GET /crm/v3/pipelines/tickets'] = () => ({ body: TICKET_PIPELINES });
    api.routes['POST /crm/v3/objects/tickets/batch/read'] = ({ inputs }: { inputs: { id: string }[] }) => ({
      body: { results: TICKETS.filter(({ id }) => inputs.some((input) => input.id === id)) },
    });
    const links = { companies: '21884410322', contacts: '128850143501', deals: '35120447789' };
    for (const [type, toObjectId] of Object.entries(links))
      api.routes[`POST /crm/v4/associations/tickets/${type}/batch/read`] = () => ({
        body: { results: [{ from: { id: TICKETS[0]!.id }, to: [{ toObjectId, associationTypes: [] }] }] },
      });
    const items = TICKETS.map(({ id }, index) => ({
      ...{ eventId: index + 1, subscriptionId: 1, portalId: 2, appId: 3, attemptNumber: 0, changeSource: 'CRM_UI' },
      ...{ occurredAt: Date.parse('2026-03-25T09:30:00Z'), subscriptionType: 'object.propertyChange' },
      ...{ objectTypeId: '0-5', objectId: Number(id), propertyName: 'hs_pipeline_stage', propertyValue: '4' },
    }));
    const request = createRequest({ body: JSON.stringify(items) });
    expectGolden('tickets', await tell(hubspotSource.split!(request, connect())));
  });

  it('a page of a search', async () => {
    isGone = false;
    const { drafts } = await hubspotSource.poll!.page({ entity: 'deal', fromMs: 0, toMs: NOW_MS }, connect());
    expectGolden('api-deals-search-page', await tell(drafts));
  });

  it('asks as the sample of a search does', async () => {
    const sample = readSampleJson<{ filterGroups: { filters: { propertyName: string }[] }[] }>(
      'hubspot/api-deals-search-request.json',
    );
    api.calls.length = 0;
    const [from, to] = ['1774367700000', '1774368300000'];
    await hubspotSource.poll!.page({ entity: 'deal', fromMs: Number(from), toMs: Number(to) }, connect());
    const [search] = api.calls.filter(({ route }) => route.endsWith('/search'));
    const {
      properties: _all,
      after: _first,
      ...rest
    } = sample as typeof sample & { properties: unknown; after: unknown };
    expect(search?.body).toMatchObject(rest);
  });
});
