import { PermanentError, Unavailable } from '@crm-mesh/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startApiServer, type ApiReply, type ApiServer } from '../../test/api-server.js';
import { createConfig, createContext } from '../../test/context.js';
import { describeApi } from './api.js';
import { HubspotConfig } from './config.js';
import { fetchHubspot, type FetchedObject } from './fetch-records.js';

let api: ApiServer;
beforeEach(async () => {
  api = await startApiServer();
  api.routes[READ_DEALS] = echo;
  api.routes[READ_LINES] = echo;
  for (const type of ['companies', 'contacts', 'line_items'])
    api.routes[linksTo(type)] = () => ({ body: { results: [] } });
});
afterEach(() => api.close());

const READ_DEALS = 'POST /crm/v3/objects/deals/batch/read';
const READ_LINES = 'POST /crm/v3/objects/line_items/batch/read';
const linksTo = (type: string) => `POST /crm/v4/associations/deals/${type}/batch/read`;

interface BatchRead {
  inputs: { id: string }[];
}

const idsOf = ({ inputs }: BatchRead): string[] => inputs.map(({ id }) => id);
const echo = (read: BatchRead): ApiReply => ({ body: { results: idsOf(read).map((id) => ({ id, properties: {} })) } });
const refuse = (): ApiReply => ({ status: 400, body: { category: 'VALIDATION_ERROR' } });
/** Each deal has the line `7<id>`. */
const linkLines = (read: BatchRead): ApiReply => ({
  body: {
    results: idsOf(read).map((id) => ({ from: { id }, to: [{ toObjectId: `7${id}`, associationTypes: [] }] })),
  },
});
const refuseBatchesWith =
  (bad: readonly string[], answer: (read: BatchRead) => ApiReply) =>
  (read: BatchRead): ApiReply =>
    idsOf(read).some((id) => bad.includes(id)) ? refuse() : answer(read);
const failures = (errors: object[], good: string[] = []): ApiReply => ({
  status: 207,
  body: { results: good.map((id) => ({ id, properties: {} })), errors },
});

const HUNDRED = Array.from({ length: 100 }, (_, index) => String(1000 + index));

async function fetchDeals(ids: string[] = HUNDRED, part: object = {}) {
  const config = createConfig(HubspotConfig, {
    clientSecrets: ['s'],
    accessToken: 't',
    apiUrl: api.url,
    rateLimit: { requests: 1_000, intervalMs: 10_000, concurrent: 10 },
    ...part,
  });
  return fetchHubspot('deal', ids, createContext(config, { api: describeApi }));
}

/** The ids that came to an error of this kind. */
const failed = (fetched: ReadonlyMap<string, unknown>, kind: abstract new (...args: never[]) => Error = Error) =>
  [...fetched].filter(([, value]) => value instanceof kind).map(([id]) => id);

describe('one bad object among a hundred', () => {
  it('spoils its own record alone when HubSpot refuses the whole batch (400)', async () => {
    api.routes[READ_DEALS] = refuseBatchesWith(['1007', '1050'], echo);
    const fetched = await fetchDeals();
    expect(failed(fetched, PermanentError)).toEqual(['1007', '1050']);
    expect((fetched.get('1007') as Error).message).toMatch(/400 to POST .*deals.*\(VALIDATION_ERROR\)/);
    expect(fetched.size).toBe(100);
    expect(api.calls.filter(({ route }) => route === READ_DEALS).length).toBeLessThan(30);
  });

  it.each(['companies', 'line_items'])(
    'spoils its own record alone in the associations with %s (400)',
    async (type) => {
      api.routes[linksTo(type)] = refuseBatchesWith(['1099'], linkLines);
      const fetched = await fetchDeals();
      expect(failed(fetched, PermanentError)).toEqual(['1099']);
      expect((fetched.get('1098') as FetchedObject).associations[type]).toEqual(['71098']);
    },
  );

  it('spoils only the deals that have the line (400)', async () => {
    api.routes[linksTo('line_items')] = linkLines;
    api.routes[READ_LINES] = refuseBatchesWith(['71003'], echo);
    const fetched = await fetchDeals();
    expect(failed(fetched, PermanentError)).toEqual(['1003']);
    expect((fetched.get('1004') as FetchedObject).lineItems).toMatchObject([{ id: '71004' }]);
  });

  it('spoils only the deals that have the line (207)', async () => {
    api.routes[linksTo('line_items')] = linkLines;
    api.routes[READ_LINES] = (read) =>
      failures(
        [{ category: 'INTERNAL_ERROR', context: { ids: ['71003'] } }],
        idsOf(read).filter((id) => id !== '71003'),
      );
    expect(failed(await fetchDeals())).toEqual(['1003']);
  });

  it('spoils only the record whose associations could not be read (207)', async () => {
    api.routes[linksTo('contacts')] = () =>
      failures([
        { category: 'INTERNAL_ERROR', context: { fromObjectId: ['1001'] } },
        { category: 'OBJECT_NOT_FOUND', context: { fromObjectId: ['1002'] } },
      ]);
    const fetched = await fetchDeals();
    expect(failed(fetched)).toEqual(['1001']);
    expect((fetched.get('1001') as Error).message).toContain('associations deals → contacts');
  });

  it('is not taken for deleted when HubSpot does not say which one it was', async () => {
    api.routes[READ_DEALS] = () =>
      failures([{ category: 'INTERNAL_ERROR' }, { category: 'OBJECT_NOT_FOUND', context: { ids: ['3'] } }], ['1']);
    const fetched = await fetchDeals(['1', '2', '3']);
    expect(failed(fetched)).toEqual(['2']);
    expect(fetched.has('3')).toBe(false);
  });
});

describe('a batch that is refused', () => {
  it('as a whole, whatever stands in it, is given up after some tries', async () => {
    api.routes[READ_DEALS] = refuse;
    expect(failed(await fetchDeals(), PermanentError).toSorted()).toEqual(HUNDRED);
    expect(api.calls.filter(({ route }) => route === READ_DEALS).length).toBeLessThan(40);
  });

  it('for more bad ones than can be told apart comes back, and buries nobody who may be innocent', async () => {
    const bad = HUNDRED.filter((_id, index) => index % 4 === 0);
    api.routes[READ_DEALS] = refuseBatchesWith(bad, echo);
    const fetched = await fetchDeals(HUNDRED.toSorted((a, b) => (Number(a) % 7) - (Number(b) % 7)));
    expect(failed(fetched, PermanentError).every((id) => bad.includes(id))).toBe(true);
    expect(failed(fetched)).toEqual(expect.arrayContaining(bad));
    expect(api.calls.filter(({ route }) => route === READ_DEALS).length).toBeLessThan(45);
  });

  it('stays under the rate limit', async () => {
    api.routes[READ_DEALS] = refuseBatchesWith(['1007'], echo);
    const startMs = Date.now();
    await fetchDeals(HUNDRED, { lineItems: false, rateLimit: { requests: 8, intervalMs: 300, concurrent: 4 } });
    // Two for associations and 15 for the deals: the third interval.
    expect(Date.now() - startMs).toBeGreaterThanOrEqual(550);
  });

  it('for another reason than 400 is not split', async () => {
    api.routes[READ_DEALS] = () => ({ status: 503 });
    await expect(fetchDeals()).rejects.toBeInstanceOf(Unavailable);
    api.routes[READ_DEALS] = () => ({ status: 404 });
    await expect(fetchDeals()).rejects.toBeInstanceOf(PermanentError);
    expect(api.calls.filter(({ route }) => route === READ_DEALS)).toHaveLength(2);
  });
});
