import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { open } from './sandbox.fixture.js';
import { UI_ACTOR, type RunningSandbox } from './start-sandbox.js';

const readSample = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../../test/samples/hubspot', name), 'utf8'));

/** Members and their types; of lists, the first element's. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== 'object' || value === null) return /^\d{4}-.*Z$/.test(String(value)) ? 'time' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]));
}

async function ask(sandbox: RunningSandbox, path: string, body?: unknown): Promise<{ status: number; json: unknown }> {
  const response = await fetch(sandbox.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${sandbox.accessToken}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: await response.json() };
}

it('a deal with associations and history', async () => {
  const sandbox = await open();
  const actor = UI_ACTOR;
  const sample = readSample('api-deal-get.json') as { properties: Record<string, string> };
  const contact = sandbox.crm.create('contacts', {}, { actor });
  const company = sandbox.crm.create('companies', {}, { actor });
  const item = sandbox.crm.create('line_items', { price: '5', quantity: '2' }, { actor });
  const { amount, dealname, deal_currency_code, hubspot_owner_id } = sample.properties;
  const links = [company, contact, item].map((to) => ({ to, typeIds: [] }));
  const deal = sandbox.crm.create(
    'deals',
    { amount, dealname, deal_currency_code, hubspot_owner_id, dealstage: 'contractsent' },
    { actor, links },
  );
  sandbox.crm.update(deal, { dealstage: 'closedwon' }, actor);
  const query = `properties=${Object.keys(sample.properties).join(',')}&propertiesWithHistory=dealstage&associations=companies,contacts,line_items`;
  const { json } = await ask(sandbox, `/crm/v3/objects/deals/${deal.id}?${query}`);
  expect(shapeOf(json)).toEqual(shapeOf(sample));
});

it('a batch read with a missing id: 207', async () => {
  const sandbox = await open();
  const { id } = sandbox.crm.create(
    'contacts',
    { email: 'l@x.example', firstname: 'L', lastname: 'H', jobtitle: 'J' },
    { actor: UI_ACTOR },
  );
  const properties = ['createdate', 'email', 'firstname', 'jobtitle', 'lastmodifieddate', 'lastname', 'phone'];
  const { status, json } = await ask(sandbox, '/crm/v3/objects/contacts/batch/read', {
    inputs: [{ id }, { id: '1' }],
    properties,
  });
  expect(status).toBe(207);
  expect(shapeOf(json)).toEqual(shapeOf(readSample('api-contacts-batch-read.json')));
});

it('the shared search request, and its page', async () => {
  const nowMs = 1_774_368_000_000;
  const sandbox = await open({ now: () => nowMs });
  const request = readSample('api-deals-search-request.json') as object;
  for (const amount of ['1.00', '2.00', '3.00']) {
    sandbox.crm.create(
      'deals',
      { dealname: 'D', amount, dealstage: 'closedwon', closedate: '1774367998044' },
      { actor: UI_ACTOR },
    );
  }
  const page = (await ask(sandbox, '/crm/v3/objects/deals/search', { ...request, limit: 2 })).json as {
    results: { properties: object }[];
  };
  const { results, ...rest } = readSample('api-deals-search-page.json') as {
    results: { properties: Record<string, unknown> }[];
  };
  expect(shapeOf({ ...page, results: [] })).toEqual(shapeOf({ ...rest, results: [] }));
  const [sample] = results;
  expect(Object.keys(page.results[0] ?? {})).toEqual(Object.keys(sample ?? {}));
  expect(Object.keys(page.results[0]?.properties ?? {})).toEqual([
    'amount',
    'closedate',
    'createdate',
    'dealname',
    'dealstage',
    'hs_lastmodifieddate',
    'hs_object_id',
    'pipeline',
  ]);
});

it('pipelines', async () => {
  const sandbox = await open();
  expect(shapeOf((await ask(sandbox, '/crm/v3/pipelines/deals')).json)).toEqual(
    shapeOf(readSample('api-deal-pipelines.json')),
  );
});

it('429', async () => {
  const sandbox = await open({ rateLimits: { maxPerInterval: 1, sendsRetryAfter: true } });
  await ask(sandbox, '/crm/v3/owners');
  const { status, json } = await ask(sandbox, '/crm/v3/owners');
  expect(status).toBe(429);
  expect(shapeOf(json)).toEqual(shapeOf(readSample('api-error-429.json')));
});

it('errors for nonsense, in HubSpot’s form', async () => {
  const sandbox = await open();
  const statusOf = async (path: string, body?: unknown): Promise<[number, unknown]> => {
    const { status, json } = await ask(sandbox, path, body);
    return [status, (json as { status: string }).status];
  };
  expect(await statusOf('/crm/v3/objects/unicorns/1')).toEqual([400, 'error']);
  expect(await statusOf('/crm/v3/nothing')).toEqual([404, 'error']);
  expect(await statusOf('/crm/v3/objects/deals', [])).toEqual([400, 'error']);
  expect(await statusOf('/crm/v3/objects/deals?limit=101')).toEqual([400, 'error']);
  expect(await statusOf('/crm/v3/pipelines/contacts')).toEqual([400, 'error']);
});

it('operation: health, readiness, metrics', async () => {
  const sandbox = await open();
  await ask(sandbox, '/crm/v3/owners');
  expect(await (await fetch(`${sandbox.url}/healthz`)).json()).toMatchObject({ status: 'ok', app: 'sandbox' });
  expect((await fetch(`${sandbox.url}/readyz`)).status).toBe(200);
  expect(await (await fetch(`${sandbox.url}/metrics`)).text()).toContain(
    'sandbox_api_requests_total{outcome="admitted",app="sandbox"} 1',
  );
});
