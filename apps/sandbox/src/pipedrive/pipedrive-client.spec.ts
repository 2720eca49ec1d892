import { beforeEach, describe, expect, it } from 'vitest';
import * as v1 from 'pipedrive/v1';
import * as v2 from 'pipedrive/v2';
import { UI_ACTOR } from '../crm/owners.js';
import { open } from '../sandbox.fixture.js';
import type { RunningSandbox } from '../start-sandbox.js';

// The vendor's own client, so that sandbox and source cannot share one misunderstanding.

let sandbox: RunningSandbox;
let api: v2.Configuration;
let legacy: v1.Configuration;

beforeEach(async () => {
  sandbox = await open({ pipedrive: { limits: { burst: 1_000 } } });
  api = new v2.Configuration({ apiKey: 'sandbox-api-token', basePath: `${sandbox.url}/api/v2` });
  legacy = new v1.Configuration({ apiKey: 'sandbox-api-token', basePath: `${sandbox.url}/api/v1` });
});

describe('records', () => {
  it('are created, read, updated and deleted', async () => {
    const [deals, persons, organizations] = [
      new v2.DealsApi(api),
      new v2.PersonsApi(api),
      new v2.OrganizationsApi(api),
    ];
    const org = await organizations.addOrganization({ AddOrganizationRequest: { name: 'Brightwater' } });
    const person = await persons.addPerson({
      AddPersonRequest: {
        name: 'Leonie Hartwig',
        emails: [{ value: 'l@x.example', primary: true, label: 'work' }],
        org_id: org.data!.id!,
      },
    });
    expect(person.data).toMatchObject({
      first_name: 'Leonie',
      emails: [{ value: 'l@x.example' }],
      org_id: org.data!.id,
    });
    const made = await deals.addDeal({
      AddDealRequest: {
        title: 'Kiln',
        value: 46_000,
        currency: 'EUR',
        person_id: person.data!.id!,
        org_id: org.data!.id!,
      },
    });
    const id = made.data!.id!;
    expect(made.data).toMatchObject({ status: 'open', stage_id: 11, pipeline_id: 1, person_id: person.data!.id });

    const won = await deals.updateDeal({ id, UpdateDealRequest: { status: 'won', value: 48_500 } });
    expect(won.data).toMatchObject({
      status: 'won',
      stage_id: 11,
      value: 48_500,
      won_time: expect.any(String) as string,
    });
    const reopened = await deals.updateDeal({ id, UpdateDealRequest: { status: 'open', stage_id: 13 } });
    expect(reopened.data).toMatchObject({ status: 'open', stage_id: 13, won_time: null });

    await deals.deleteDeal({ id });
    expect((await deals.getDeal({ id })).data).toMatchObject({ status: 'deleted', is_deleted: true });
    expect((await deals.getDeals()).data).toEqual([]);
    expect((await deals.getDeals({ status: 'deleted' })).data).toMatchObject([{ id }]);
    await expect(deals.getDeal({ id: 1 })).rejects.toMatchObject({ success: false });
  });

  it('have custom fields by their keys', async () => {
    const fields = await new v2.DealFieldsApi(api).getDealFields();
    const key = fields.data!.find(({ field_name }) => field_name === 'Kiln value')!.field_code;
    const custom_fields = { [key]: { value: 5200, currency: 'EUR' } };
    const made = await new v2.DealsApi(api).addDeal({ AddDealRequest: { title: 'Kiln', custom_fields } });
    expect(made.data!.custom_fields).toMatchObject(custom_fields);
  });

  it('are activities too', async () => {
    const activities = new v2.ActivitiesApi(api);
    const { data } = await activities.addActivity({ AddActivityRequest: { subject: 'Call Ada', type: 'call' } });
    const id = data!.id!;
    await activities.updateActivity({ id, AddActivityRequest: { done: true, due_date: '2026-03-26' } });
    expect((await activities.getActivities({ ids: String(id) })).data).toMatchObject([
      { id, subject: 'Call Ada', done: true, due_date: '2026-03-26' },
    ]);
    await activities.deleteActivity({ id });
    expect((await activities.getActivities()).data).toEqual([]);
  });

  it('have products as lines', async () => {
    const product = await new v2.ProductsApi(api).addProduct({
      AddProductRequest: { name: 'Burner', code: 'B-1', prices: [{ price: 4850, currency: 'EUR' }] },
    });
    const deals = new v2.DealsApi(api);
    const { data: deal } = await deals.addDeal({ AddDealRequest: { title: 'Kiln' } });
    const lines = new v2.DealProductsApi(api);
    await lines.addDealProduct({
      id: deal!.id!,
      AddDealProductRequest: { product_id: product.data!.id!, item_price: 4850, quantity: 10 },
    });
    const expected = [{ name: 'Burner', item_price: 4850, quantity: 10, sum: 48_500, deal_id: deal!.id }];
    expect((await lines.getDealProducts({ id: deal!.id! })).data).toMatchObject(expected);
    expect((await lines.getDealsProducts({ deal_ids: [deal!.id!] })).data).toMatchObject(expected);
    expect((await deals.getDeal({ id: deal!.id! })).data).toMatchObject({ value: 48_500 });
  });
});

describe('lists', () => {
  const make = (count: number): number[] =>
    Array.from({ length: count }, (_, index) =>
      Number(sandbox.crm.create('contacts', { firstname: `P${index}` }, { actor: UI_ACTOR }).id),
    );

  it('go on at the cursor, in both directions', async () => {
    const ids = make(25);
    const persons = new v2.PersonsApi(api);
    for (const sort_direction of ['asc', 'desc'] as const) {
      const seen: number[] = [];
      let cursor: string | undefined;
      do {
        const page = await persons.getPersons({ limit: 10, sort_by: 'update_time', sort_direction, cursor });
        seen.push(...page.data!.map(({ id }) => id!));
        cursor = page.additional_data?.next_cursor ?? undefined;
      } while (cursor !== undefined);
      expect(seen).toEqual(sort_direction === 'asc' ? ids : ids.toReversed());
    }
  });

  it('give what was asked for by id', async () => {
    const ids = make(5);
    const { data } = await new v2.PersonsApi(api).getPersons({ ids: `${ids[1]},${ids[3]},1` });
    expect(data!.map(({ id }) => id)).toEqual([ids[1], ids[3]]);
  });

  it('take times in whole seconds only', async () => {
    make(1);
    const persons = new v2.PersonsApi(api);
    expect((await persons.getPersons({ updated_since: '2026-01-01T00:00:00Z' })).data).toHaveLength(1);
    expect((await persons.getPersons({ updated_until: '2026-01-01T00:00:00Z' })).data).toEqual([]);
    await expect(persons.getPersons({ updated_since: '2026-01-01T00:00:00.000Z' })).rejects.toMatchObject({
      success: false,
    });
  });
});

it('describes stages and pipelines', async () => {
  const [stages, pipelines] = [await new v2.StagesApi(api).getStages(), await new v2.PipelinesApi(api).getPipelines()];
  expect(pipelines.data!.map(({ name }) => name)).toEqual(['Sales pipeline', 'Service renewals']);
  expect(stages.data![0]).toMatchObject({ id: 11, pipeline_id: 1, deal_probability: 20 });
});

it('keeps leads and webhooks at version 1', async () => {
  const leads = new v1.LeadsApi(legacy);
  const person = sandbox.crm.create('contacts', { firstname: 'Ada' }, { actor: UI_ACTOR });
  const made = await leads.addLead({
    AddLeadRequest: { title: 'Kiln', person_id: Number(person.id), value: { amount: 5, currency: 'EUR' } },
  });
  expect((await leads.getLeads()).data).toMatchObject([{ id: made.data!.id, title: 'Kiln', value: { amount: 5 } }]);
  const webhooks = new v1.WebhooksApi(legacy);
  const registered = await webhooks.addWebhook({
    AddWebhookRequest: {
      subscription_url: 'https://mesh.example.com/webhooks/acme/pipedrive',
      event_action: '*',
      event_object: '*',
      name: 'mesh',
      version: '2.0',
      http_auth_user: 'u',
      http_auth_password: 'p',
    },
  });
  const id = (registered as { data?: { id?: number } }).data!.id!;
  expect((await webhooks.getWebhooks()).data).toMatchObject([{ id, version: '2.0', event_action: '*' }]);
  await webhooks.deleteWebhook({ id });
  expect((await webhooks.getWebhooks()).data).toEqual([]);
});

describe('who may ask', () => {
  it('shows the API token, or what OAuth gave for the refresh token', async () => {
    const wrong = new v2.Configuration({ apiKey: 'wrong', basePath: `${sandbox.url}/api/v2` });
    await expect(new v2.DealsApi(wrong).getDeals()).rejects.toMatchObject({ success: false });
    const oauth = new v2.OAuth2Configuration({
      clientId: 'sandbox-client-id',
      clientSecret: 'sandbox-client-secret',
      redirectUri: 'https://app.example.com',
      host: sandbox.url,
    });
    const old = { access_token: 'old', token_type: 'Bearer', expires_in: 0, scope: 'base', api_domain: sandbox.url };
    oauth.updateToken({ ...old, refresh_token: 'sandbox-refresh-token' });
    const token = await oauth.tokenRefresh();
    expect(token.api_domain).toBe(sandbox.url);
    const asked = new v2.Configuration({ accessToken: token.access_token, basePath: oauth.basePath });
    await expect(new v2.DealsApi(asked).getDeals()).resolves.toMatchObject({ success: true });
    sandbox.pipedrive!.tokens.expireAll();
    await expect(new v2.DealsApi(asked).getDeals()).rejects.toMatchObject({ success: false });
  });
});
