import { Client } from '@hubspot/api-client';
import { AssociationSpecAssociationCategoryEnum } from '@hubspot/api-client/lib/codegen/crm/deals/index.js';
import { FilterOperatorEnum } from '@hubspot/api-client/lib/codegen/crm/deals/models/Filter.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '@crm-mesh/telemetry';
import { startSandbox, UI_ACTOR, type RunningSandbox, type SandboxOptions } from './start-sandbox.js';

const log = createLogger({ app: 'test', level: 'silent' });
const HUBSPOT_DEFINED = AssociationSpecAssociationCategoryEnum.HubspotDefined;
/** Only the client's own pace is lifted: it waits 0.1 s before each call otherwise. */
const FAST = { limiterOptions: { minTime: 0, maxConcurrent: 20 }, limiterJobOptions: {} };

let sandbox: RunningSandbox;
let client: Client;

async function start(options: SandboxOptions = {}, retries = 0): Promise<void> {
  sandbox = await startSandbox({ log, ...options });
  client = new Client({
    basePath: sandbox.url,
    accessToken: sandbox.accessToken,
    numberOfApiCallRetries: retries,
    ...FAST,
  });
}

afterEach(() => sandbox.stop());

describe('the official client, unchanged', () => {
  beforeEach(() => start());

  it('creates, reads, updates, archives', async () => {
    const { basicApi } = client.crm.contacts;
    const created = await basicApi.create({
      properties: { email: 'ada@brightwater.example', firstname: 'Ada' },
      associations: [],
    });
    expect(created).toMatchObject({
      archived: false,
      properties: { email: 'ada@brightwater.example', firstname: 'Ada' },
    });
    expect(created.id).toMatch(/^\d{12}$/);
    expect(created.createdAt).toBeInstanceOf(Date);

    await basicApi.update(created.id, { properties: { jobtitle: 'Head of Procurement', firstname: '' } });
    const read = await basicApi.getById(created.id, ['firstname', 'jobtitle', 'phone'], ['jobtitle']);
    expect(read.properties).toMatchObject({
      firstname: null,
      jobtitle: 'Head of Procurement',
      phone: null,
      hs_object_id: created.id,
    });
    expect(read.propertiesWithHistory).toMatchObject({
      jobtitle: [{ value: 'Head of Procurement', sourceType: 'INTEGRATION', sourceId: '2951846' }],
    });

    const byEmail = await basicApi.getById('ADA@brightwater.example', ['email'], undefined, undefined, false, 'email');
    expect(byEmail.id).toBe(created.id);

    await basicApi.archive(created.id);
    await expect(basicApi.getById(created.id)).rejects.toMatchObject({
      code: 404,
      body: { category: 'OBJECT_NOT_FOUND' },
    });
    const archived = await basicApi.getById(created.id, undefined, undefined, undefined, true);
    expect(archived.archivedAt).toBeInstanceOf(Date);
  });

  it('has one contact of an address', async () => {
    const { basicApi } = client.crm.contacts;
    const { id } = await basicApi.create({ properties: { email: 'a@x.example' }, associations: [] });
    await expect(basicApi.create({ properties: { email: 'A@x.example' }, associations: [] })).rejects.toMatchObject({
      code: 409,
      body: { category: 'CONFLICT', message: expect.stringContaining(id) as string },
    });
  });

  it('pages through all of a type, and through the archived', async () => {
    const ids = Array.from(
      { length: 25 },
      (_, index) => sandbox.crm.create('companies', { name: `C${index}` }, { actor: UI_ACTOR }).id,
    );
    const all = await client.crm.companies.getAll(10, undefined, ['name']);
    expect(all.map(({ id }) => id)).toEqual(ids);
    sandbox.crm.archive({ type: 'companies', id: ids[3]! }, UI_ACTOR);
    const page = await client.crm.companies.basicApi.getPage(10, undefined, ['name'], undefined, undefined, true);
    expect(page.results.map(({ id }) => id)).toEqual([ids[3]]);
  });

  it('reads, creates, updates and archives in batches', async () => {
    const { batchApi } = client.crm.products;
    const made = await batchApi.create({
      inputs: ['a', 'b'].map((name) => ({
        properties: { name, price: '5.00' },
        associations: [],
        objectWriteTraceId: name,
      })),
    });
    const ids = made.results.map(({ id }) => id);
    expect(made.results.map(({ objectWriteTraceId }) => objectWriteTraceId)).toEqual(['a', 'b']);

    const read = await batchApi.read({
      inputs: [...ids, '999999999999'].map((id) => ({ id })),
      properties: ['name', 'price'],
      propertiesWithHistory: [],
    });
    expect(read).toMatchObject({
      status: 'COMPLETE',
      numErrors: 1,
      errors: [{ category: 'OBJECT_NOT_FOUND', context: { ids: ['999999999999'] } }],
    });
    expect(read.results.map(({ properties }) => properties['name'])).toEqual(['a', 'b']);

    const updated = await batchApi.update({
      inputs: [
        { id: ids[0]!, properties: { price: '6.00' } },
        { id: '1', properties: {} },
      ],
    });
    expect(updated).toMatchObject({ numErrors: 1, results: [{ properties: { price: '6.00' } }] });
    await batchApi.archive({ inputs: ids.map((id) => ({ id })) });
    expect(sandbox.crm.list('products')).toEqual([]);
  });

  it('refuses batches of more than 100', async () => {
    const inputs = Array.from({ length: 101 }, (_, index) => ({ id: String(index) }));
    await expect(
      client.crm.deals.batchApi.read({ inputs, properties: [], propertiesWithHistory: [] }),
    ).rejects.toMatchObject({ code: 400 });
  });

  it('searches', async () => {
    for (const amount of ['10.00', '200.00', '30.00'])
      sandbox.crm.create('deals', { dealname: amount, amount, dealstage: 'contractsent' }, { actor: UI_ACTOR });
    const filters = [{ propertyName: 'amount', operator: FilterOperatorEnum.Gte, value: '30' }];
    const found = await client.crm.deals.searchApi.doSearch({
      filterGroups: [{ filters }],
      sorts: ['-amount'],
      properties: ['amount'],
      limit: 1,
      after: '0',
    });
    expect(found).toMatchObject({
      total: 2,
      results: [{ properties: { amount: '200.00' } }],
      paging: { next: { after: '1' } },
    });
  });

  it('links records in both directions', async () => {
    const company = await client.crm.companies.basicApi.create({
      properties: { name: 'Brightwater' },
      associations: [],
    });
    const contact = await client.crm.contacts.basicApi.create({
      properties: { email: 'l@b.example' },
      associations: [],
    });
    const deal = await client.crm.deals.basicApi.create({
      properties: { dealname: 'Kiln', dealstage: 'contractsent' },
      associations: [
        { to: { id: company.id }, types: [{ associationCategory: HUBSPOT_DEFINED, associationTypeId: 5 }] },
      ],
    });
    const { basicApi, batchApi } = client.crm.associations.v4;
    await basicApi.createDefault('deals', deal.id, 'contacts', contact.id);

    const read = await client.crm.deals.basicApi.getById(deal.id, ['dealname'], undefined, [
      'companies',
      'contacts',
      'line_items',
    ]);
    expect(read.associations).toMatchObject({
      companies: {
        results: [
          { id: company.id, type: 'deal_to_company' },
          { id: company.id, type: 'deal_to_company_unlabeled' },
        ],
      },
      contacts: { results: [{ id: contact.id, type: 'deal_to_contact' }] },
    });
    const page = await basicApi.getPage('companies', company.id, 'deals');
    expect(page.results).toMatchObject([
      { toObjectId: deal.id, associationTypes: [{ typeId: 6, label: 'Primary' }, { typeId: 342 }] },
    ]);

    const batch = await batchApi.getPage('deals', 'contacts', { inputs: [{ id: deal.id }, { id: '7' }] });
    expect(batch).toMatchObject({
      results: [{ _from: { id: deal.id }, to: [{ toObjectId: contact.id, associationTypes: [{ typeId: 3 }] }] }],
      numErrors: 1,
    });

    await basicApi.archive('deals', deal.id, 'contacts', contact.id);
    expect((await basicApi.getPage('contacts', contact.id, 'deals')).results).toEqual([]);
  });

  it('tells a contact’s primary company, and changes it', async () => {
    const [first, second] = ['A', 'B'].map(
      (name) => sandbox.crm.create('companies', { name }, { actor: UI_ACTOR }).id,
    ) as [string, string];
    const contact = sandbox.crm.create(
      'contacts',
      { email: 'c@x.example' },
      { actor: UI_ACTOR, links: [{ to: { type: 'companies', id: first }, typeIds: [] }] },
    );
    const { basicApi } = client.crm.associations.v4;
    const pair = await basicApi.create('contacts', contact.id, 'companies', second, [
      { associationCategory: HUBSPOT_DEFINED as never, associationTypeId: 1 },
    ]);
    expect(pair).toMatchObject({ fromObjectTypeId: '0-1', toObjectTypeId: '0-2', labels: ['Primary'] });
    const read = await client.crm.contacts.basicApi.getById(contact.id, ['associatedcompanyid']);
    expect(read.properties['associatedcompanyid']).toBe(second);
  });

  it('lists pipelines and owners', async () => {
    const { results } = await client.crm.pipelines.pipelinesApi.getAll('deals');
    expect(results.map(({ id }) => id)).toEqual(['default', '74021856']);
    expect(results[0]?.stages.find(({ id }) => id === 'closedwon')?.metadata).toEqual({
      isClosed: 'true',
      probability: '1.0',
    });
    expect((await client.crm.pipelines.pipelinesApi.getById('deals', '74021856')).label).toBe('Service renewals');
    expect((await client.crm.owners.ownersApi.getPage()).results).toHaveLength(3);
  });

  it('merges: contacts keep the primary id, companies get a third one', async () => {
    const make = (type: 'contacts' | 'companies', properties: Record<string, string>): string =>
      sandbox.crm.create(type, properties, { actor: UI_ACTOR }).id;
    const [primary, merged] = [
      make('contacts', { email: 'a@x.example' }),
      make('contacts', { email: 'b@x.example', phone: '1' }),
    ];
    const contact = await client.crm.contacts.basicApi.merge({ primaryObjectId: primary, objectIdToMerge: merged });
    expect(contact).toMatchObject({
      id: primary,
      properties: { phone: '1', hs_additional_emails: 'b@x.example', hs_merged_object_ids: merged },
    });
    await expect(client.crm.contacts.basicApi.getById(merged)).rejects.toMatchObject({ code: 404 });

    const [left, right] = [make('companies', { name: 'A' }), make('companies', { name: 'B' })];
    const company = await client.crm.companies.basicApi.merge({ primaryObjectId: left, objectIdToMerge: right });
    expect([left, right]).not.toContain(company.id);
    expect(sandbox.crm.list('companies').map(({ id }) => id)).toEqual([company.id]);
  });

  it('forgets a person', async () => {
    const { id } = sandbox.crm.create('contacts', { email: 'gone@x.example' }, { actor: UI_ACTOR });
    await client.crm.contacts.basicApi.purge({ objectId: 'gone@x.example', idProperty: 'email' });
    await expect(client.crm.contacts.basicApi.getById(id, undefined, undefined, undefined, true)).rejects.toMatchObject(
      { code: 404 },
    );
  });

  it('calculates what a stage means, and refuses to have it written', async () => {
    const deal = await client.crm.deals.basicApi.create({
      properties: { dealname: 'R', pipeline: '74021856', dealstage: '148203311' },
      associations: [],
    });
    await client.crm.deals.basicApi.update(deal.id, { properties: { dealstage: '148203314' } });
    const wanted = ['hs_is_closed', 'hs_is_closed_won', 'hs_deal_stage_probability', 'closedate'];
    const { properties } = await client.crm.deals.basicApi.getById(deal.id, wanted);
    expect(properties).toMatchObject({
      hs_is_closed: 'true',
      hs_is_closed_won: 'true',
      hs_deal_stage_probability: '1',
      closedate: expect.stringMatching(/Z$/) as string,
    });
    await expect(
      client.crm.deals.basicApi.update(deal.id, { properties: { hs_is_closed: 'false' } }),
    ).rejects.toMatchObject({ code: 400 });
    await expect(
      client.crm.deals.basicApi.update(deal.id, { properties: { dealstage: 'closedwon' } }),
    ).rejects.toMatchObject({ code: 400 });
  });

  it('refuses without a token, and with a wrong one', async () => {
    const stranger = new Client({ basePath: sandbox.url, accessToken: 'wrong', numberOfApiCallRetries: 0 });
    await expect(stranger.crm.deals.basicApi.getPage()).rejects.toMatchObject({
      code: 401,
      body: { category: 'INVALID_AUTHENTICATION' },
    });
    expect((await fetch(`${sandbox.url}/crm/v3/objects/deals`)).status).toBe(401);
  });
});

describe('OAuth', () => {
  it('refreshes a token, which expires', async () => {
    let nowMs = Date.now();
    await start({ now: () => nowMs });
    const { accessToken, expiresIn } = await client.oauth.tokensApi.create(
      'refresh_token',
      undefined,
      undefined,
      'sandbox-client-id',
      sandbox.clientSecret,
      'sandbox-refresh-token',
    );
    expect(expiresIn).toBe(1800);
    const answer = await fetch(`${sandbox.url}/crm/v3/objects/deals`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-hubspot-ratelimit-daily')).toBeNull();
    nowMs += 1_800_000;
    const late = await fetch(`${sandbox.url}/crm/v3/objects/deals`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(late.status).toBe(401);
    expect(await late.json()).toMatchObject({ category: 'EXPIRED_AUTHENTICATION' });
  });
});

describe('limits', () => {
  it('sends a client away that asks too often, with real headers, and takes it in again', async () => {
    let nowMs = Date.now();
    await start({ rateLimits: { maxPerInterval: 2, daily: 5 }, now: () => nowMs });
    const get = (): Promise<Response> =>
      fetch(`${sandbox.url}/crm/v3/owners`, { headers: { authorization: `Bearer ${sandbox.accessToken}` } });
    const first = await get();
    expect(Object.fromEntries([...first.headers].filter(([name]) => name.startsWith('x-hubspot')))).toEqual({
      'x-hubspot-ratelimit-daily': '5',
      'x-hubspot-ratelimit-daily-remaining': '4',
      'x-hubspot-ratelimit-interval-milliseconds': '10000',
      'x-hubspot-ratelimit-max': '2',
      'x-hubspot-ratelimit-remaining': '1',
    });
    await get();
    const refused = await get();
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({
      status: 'error',
      errorType: 'RATE_LIMIT',
      policyName: 'TEN_SECONDLY_ROLLING',
    });
    nowMs += 10_001;
    expect((await get()).status).toBe(200);
    await get();
    nowMs += 10_001;
    await get();
    expect(await (await get()).json()).toMatchObject({ policyName: 'DAILY' });
  });

  it('the client waits and asks again when its searches are too many', async () => {
    await start({ rateLimits: { searchPerSecond: 1 } }, 3);
    const search = (): Promise<{ total: number }> =>
      client.crm.deals.searchApi.doSearch({ filterGroups: [], limit: 1 });
    await search();
    expect((await search()).total).toBe(0);
  });

  it('the client asks again when the API is down for a moment', async () => {
    await start({}, 3);
    sandbox.turnKnobs({ apiFailNext: 1 });
    expect((await client.crm.deals.basicApi.getPage()).results).toEqual([]);
  });
});
