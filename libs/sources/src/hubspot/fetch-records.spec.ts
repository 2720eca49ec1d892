import { PermanentError, Unavailable } from '@crm-mesh/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startApiServer, type ApiReply, type ApiServer } from '../../test/api-server.js';
import { createConfig, createContext, readSampleJson, SAMPLE_TIME_MS } from '../../test/context.js';
import { describeApi } from './api.js';
import { HubspotConfig } from './config.js';
import { fetchHubspot, type FetchedObject } from './fetch-records.js';

let api: ApiServer;
beforeEach(async () => {
  api = await startApiServer();
});
afterEach(() => api.close());

const READ_CONTACTS = 'POST /crm/v3/objects/contacts/batch/read';
const READ_DEALS = 'POST /crm/v3/objects/deals/batch/read';
const READ_LINES = 'POST /crm/v3/objects/line_items/batch/read';
const LINKS = 'POST /crm/v4/associations/deals';

function connect(part: object = {}, clock = { nowMs: SAMPLE_TIME_MS }) {
  const config = createConfig(HubspotConfig, {
    clientSecrets: ['s'],
    accessToken: 'the-token',
    apiUrl: api.url,
    ...part,
  });
  return createContext(config, { now: () => clock.nowMs, api: describeApi });
}

interface BatchRead {
  inputs: { id: string; after?: string }[];
  properties?: string[];
}

const echo = ({ inputs }: BatchRead): ApiReply => ({
  body: { results: inputs.map(({ id }) => ({ id, properties: {} })) },
});
const link = (from: string, ids: (string | number)[], after?: string) => ({
  from: { id: from },
  to: ids.map((toObjectId) => ({
    toObjectId,
    associationTypes: [{ category: 'HUBSPOT_DEFINED', typeId: 341, label: null }],
  })),
  ...(after && { paging: { next: { after } } }),
});

describe('batch read', () => {
  it('leaves out what does not exist (207), and asks for every property it needs', async () => {
    api.routes[READ_CONTACTS] = () => ({ status: 207, body: readSampleJson('hubspot/api-contacts-batch-read.json') });
    const context = connect({ customProperties: { contact: ['favourite_glaze'] } });
    const fetched = await fetchHubspot('contact', ['128850143501', '128850149999'], context);
    expect([...fetched.keys()]).toEqual(['128850143501']);
    expect(api.calls).toHaveLength(1);
    expect(api.calls[0]).toMatchObject({
      authorization: 'Bearer the-token',
      body: { inputs: [{ id: '128850143501' }, { id: '128850149999' }] },
    });
    const { properties } = api.calls[0]!.body as BatchRead;
    expect(properties).toEqual(
      expect.arrayContaining([
        'email',
        'associatedcompanyid',
        'lastmodifieddate',
        'favourite_glaze',
        'hubspot_owner_id',
      ]),
    );
  });

  it('gives an error for the one record that HubSpot refused to read', async () => {
    api.routes[READ_CONTACTS] = () => ({
      status: 207,
      body: {
        results: [{ id: '1', properties: {} }],
        errors: [{ category: 'VALIDATION_ERROR', context: { ids: ['2'] } }],
      },
    });
    const fetched = await fetchHubspot('contact', ['1', '2'], connect());
    expect(fetched.get('1')).toMatchObject({ id: '1' });
    expect(fetched.get('2')).toBeInstanceOf(Error);
  });

  it('reads a portal’s own type by its number', async () => {
    api.routes['POST /crm/v3/objects/2-3812/batch/read'] = echo;
    expect([...(await fetchHubspot('custom-2-3812', ['9'], connect())).keys()]).toEqual(['9']);
  });
});

describe('a deal with its associations', () => {
  beforeEach(() => {
    api.routes[READ_DEALS] = echo;
    for (const type of ['companies', 'contacts', 'line_items'])
      api.routes[`${LINKS}/${type}/batch/read`] = () => ({ body: { results: [] } });
    api.routes[READ_LINES] = echo;
  });

  it('takes five calls for a hundred deals, lines included', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => String(1000 + index));
    api.routes[`${LINKS}/line_items/batch/read`] = ({ inputs }: BatchRead) => ({
      body: { results: inputs.map(({ id }) => link(id, [`7${id}`])) },
    });
    const fetched = await fetchHubspot('deal', ids, connect());
    expect(api.calls.map(({ route }) => route).toSorted()).toEqual(
      [
        READ_DEALS,
        READ_LINES,
        ...['companies', 'contacts', 'line_items'].map((type) => `${LINKS}/${type}/batch/read`),
      ].toSorted(),
    );
    expect((fetched.get('1042') as FetchedObject).lineItems).toMatchObject([{ id: '71042' }]);
  });

  it('puts the primary company first, others in order, and follows pages', async () => {
    const primary = {
      toObjectId: 30,
      associationTypes: [{ category: 'HUBSPOT_DEFINED', typeId: 5, label: 'Primary' }],
    };
    api.routes[`${LINKS}/companies/batch/read`] = () => ({
      body: { results: [{ from: { id: '1' }, to: [...link('1', [200, 20]).to, primary, primary] }] },
    });
    api.routes[`${LINKS}/contacts/batch/read`] = ({ inputs }: BatchRead) => ({
      body: { results: [inputs[0]?.after === 'more' ? link('1', [5]) : link('1', [11, 9], 'more')] },
    });
    const fetched = (await fetchHubspot('deal', ['1'], connect())).get('1') as FetchedObject;
    expect(fetched.associations).toEqual({
      companies: ['30', '20', '200'],
      contacts: ['5', '9', '11'],
      line_items: [],
    });
  });

  it('keeps linked ids past 2^53', async () => {
    api.routes[`${LINKS}/contacts/batch/read`] = () => ({
      body: '{"results":[{"from":{"id":"1"},"to":[{"toObjectId":9007199254740993,"associationTypes":[]}]}]}',
    });
    const fetched = (await fetchHubspot('deal', ['1'], connect())).get('1') as FetchedObject;
    expect(fetched.associations.contacts).toEqual(['9007199254740993']);
  });

  it('takes "no associations" (207) as none, and no other failure', async () => {
    const fail = (category: string) => () => ({
      status: 207,
      body: { results: [], errors: [{ category, context: { fromObjectId: ['1'] } }] },
    });
    api.routes[`${LINKS}/contacts/batch/read`] = fail('OBJECT_NOT_FOUND');
    await expect(fetchHubspot('deal', ['1'], connect())).resolves.toBeDefined();
    api.routes[`${LINKS}/line_items/batch/read`] = fail('INTERNAL_ERROR');
    const [failed] = (await fetchHubspot('deal', ['1'], connect())).values();
    expect((failed as Error).message).toContain('associations deals → line_items of this object: INTERNAL_ERROR');
  });

  it('reads no lines where they are switched off', async () => {
    await fetchHubspot('deal', ['1'], connect({ lineItems: false }));
    expect(api.calls.some(({ route }) => route.includes('line_items'))).toBe(false);
  });
});

describe('what goes wrong', () => {
  const scopes = {
    category: 'MISSING_SCOPES',
    errors: [{ context: { requiredGranularScopes: ['crm.objects.contacts.read'] } }],
  };
  const cases: [string, ApiReply, abstract new (...args: never[]) => Error, RegExp][] = [
    ['401', { status: 401, body: { category: 'INVALID_AUTHENTICATION' } }, Unavailable, /401.*`accessToken`/],
    ['403', { status: 403, body: scopes }, Unavailable, /lacks a scope \(crm\.objects\.contacts\.read\)/],
    ['500', { status: 500, body: 'oops' }, Unavailable, /answered 500 to POST/],
    ['503', { status: 503, body: '' }, Unavailable, /503/],
    [
      '400',
      { status: 400, body: { category: 'VALIDATION_ERROR', message: 'private' } },
      PermanentError,
      /400 .*\(VALIDATION_ERROR\)\.$/,
    ],
    ['HTML with 200', { body: '<html>' }, Unavailable, /apiUrl/],
    ['another JSON with 200', { body: { ok: true } }, Unavailable, /apiUrl/],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, Unavailable, /cannot be reached/],
    ['silence', { hang: true }, Unavailable, /did not answer within 0.15 s/],
  ];
  it.each(cases)('%s', async (_name, reply, errorClass, message) => {
    api.routes[READ_CONTACTS] = () => reply;
    const error: unknown = await fetchHubspot(
      'contact',
      ['1'],
      connect({ timeoutMs: 'hang' in reply ? 150 : 10_000 }),
    ).then(
      (fetched) => fetched.get('1'),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(errorClass);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('the-token');
  });

  it('a port at which nobody listens', async () => {
    const error: unknown = await fetchHubspot('contact', ['1'], connect({ apiUrl: 'http://127.0.0.1:1' })).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(Unavailable);
    expect((error as Error).message).toContain('cannot be reached');
  });

  it('503 with Retry-After', async () => {
    api.routes[READ_CONTACTS] = () => ({ status: 503, headers: { 'retry-after': '7' } });
    await expect(fetchHubspot('contact', ['1'], connect())).rejects.toMatchObject({
      name: 'Unavailable',
      retryAfterMs: 7000,
    });
  });
});

describe('the rate limit', () => {
  const limited = (part: Partial<ApiReply> = {}, policyName = 'TEN_SECONDLY_ROLLING'): ApiReply => ({
    status: 429,
    body: { ...readSampleJson<object>('hubspot/api-error-429.json'), policyName },
    headers: {
      'x-hubspot-ratelimit-max': '100',
      'x-hubspot-ratelimit-remaining': '0',
      'x-hubspot-ratelimit-interval-milliseconds': '10000',
    },
    ...part,
  });

  it.each([
    ['ten seconds, without Retry-After', limited(), 10_000],
    ['Retry-After in seconds', limited({ headers: { 'retry-after': '3' } }), 3_000],
    [
      'Retry-After as a date',
      limited({ headers: { 'retry-after': new Date(SAMPLE_TIME_MS + 20_000).toUTCString() } }),
      20_000 - (SAMPLE_TIME_MS % 1000),
    ],
    ['the day’s limit', limited({}, 'DAILY'), 3_600_000],
    ['the limit of search', limited({}, 'SECONDLY'), 1_000],
  ])('%s', async (_name, reply, delayMs) => {
    api.routes[READ_CONTACTS] = () => reply;
    const error: unknown = await fetchHubspot('contact', ['1'], connect()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Unavailable);
    expect(error).toMatchObject({ retryAfterMs: delayMs });
  });

  it('is not run into again until it is over', async () => {
    const clock = { nowMs: SAMPLE_TIME_MS };
    const context = connect({ rateLimit: { requests: 50, intervalMs: 500, concurrent: 5 } }, clock);
    api.routes[READ_CONTACTS] = () => limited();
    await expect(fetchHubspot('contact', ['1'], context)).rejects.toBeInstanceOf(Unavailable);
    api.routes[READ_CONTACTS] = echo;
    clock.nowMs += 4_000;
    await expect(fetchHubspot('contact', ['1'], context)).rejects.toMatchObject({ retryAfterMs: 6_000 });
    expect(api.calls).toHaveLength(1);
    clock.nowMs += 6_000;
    await expect(fetchHubspot('contact', ['1'], context)).resolves.toBeDefined();
  });

  it('holds requests back in the connection, and nowhere else', async () => {
    api.routes[READ_CONTACTS] = echo;
    const context = connect({ rateLimit: { requests: 2, intervalMs: 500, concurrent: 5 } });
    const startMs = Date.now();
    const first = Promise.all(['1', '2', '3'].map((id) => fetchHubspot('contact', [id], context)));
    await fetchHubspot('contact', ['4'], connect());
    expect(Date.now() - startMs).toBeLessThan(400);
    await first;
    expect(Date.now() - startMs).toBeGreaterThanOrEqual(450);
  });

  it('heeds what HubSpot says is left', async () => {
    let remaining = '0';
    api.routes[READ_CONTACTS] = (body: BatchRead) => ({
      ...echo(body),
      headers: { 'x-hubspot-ratelimit-remaining': remaining },
    });
    const context = connect({ rateLimit: { requests: 50, intervalMs: 500, concurrent: 5 } });
    const startMs = Date.now();
    await fetchHubspot('contact', ['1'], context);
    remaining = '40';
    await fetchHubspot('contact', ['2'], context);
    expect(Date.now() - startMs).toBeGreaterThanOrEqual(450);
  });
});
