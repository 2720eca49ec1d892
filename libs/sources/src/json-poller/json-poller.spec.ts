import { PermanentError, Unavailable, type MappedRecord, type NotificationDraft } from '@crm-mesh/sdk';
import { plainToInstance } from 'class-transformer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startApiServer, type ApiServer } from '../../test/api-server.js';
import { createConfig, createContext, listErrors, listRecordErrors, toNotification } from '../../test/context.js';
import { JsonPollerConfig } from './config.js';
import { jsonPollerSource as source } from './index.js';

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(() => server.close());

const FROM_MS = Date.parse('2026-03-24T15:00:00.250Z');
const TO_MS = Date.parse('2026-03-24T16:00:00.250Z');
const row = (id: number | string, part: object = {}) => ({ id, name: `Order ${id}`, ...part });

function connect(entity: object, part: object = {}) {
  const entities = { order: { path: '/orders', rows: 'data', ...entity } };
  const config = createConfig(JsonPollerConfig, { url: server.url, entities, ...part });
  return createContext(config, { api: source.api! });
}

/** Goes through all pages; a page that never ends fails the test. */
async function readAll(context: ReturnType<typeof connect>, kind: 'poll' | 'scan' = 'poll') {
  const drafts: NotificationDraft[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < 10; page++) {
    const at = { entity: 'order', ...(cursor !== undefined && { cursor }) };
    const found =
      kind === 'poll'
        ? await source.poll!.page({ ...at, fromMs: FROM_MS, toMs: TO_MS }, context)
        : await source.scan!.page({ ...at, fields: 'records' }, context);
    drafts.push(...found.drafts);
    cursor = found.cursor;
    if (cursor === undefined) return drafts;
  }
  throw new Error('there was no last page');
}

const ids = (drafts: readonly NotificationDraft[]) => drafts.map(({ id }) => id);
const routes = () => server.calls.map(({ route }) => decodeURIComponent(route));

describe('a window', () => {
  it.each([
    ['{from:iso}..{to:iso}', '2026-03-24T15:00:00.250Z..2026-03-24T16:00:00.250Z'],
    ['{from:ms}..{to:ms}', `${FROM_MS}..${TO_MS}`],
    ['{from:s}..{to:s}', `${Math.floor(FROM_MS / 1_000)}..${Math.ceil(TO_MS / 1_000)}`],
  ])('is asked for as %s', async (template, filled) => {
    const query = { changed: template, limit: 50 };
    server.routes[`GET /orders?${new URLSearchParams({ changed: filled, limit: '50' })}`] = () => ({
      body: { data: [] },
    });
    expect(await readAll(connect({ query }))).toEqual([]);
  });

  it('is left out of a scan', async () => {
    server.routes['GET /orders?limit=50'] = () => ({ body: { data: [row(1)] } });
    expect(ids(await readAll(connect({ query: { since: '{from:s}', limit: 50 } }), 'scan'))).toEqual(['1']);
  });

  it('has other parameters in a scan, where they are named', async () => {
    server.routes['GET /orders?sort=id'] = () => ({ body: { data: [row(1)] } });
    expect(ids(await readAll(connect({ query: { since: '{from:s}' }, scanQuery: { sort: 'id' } }), 'scan'))).toEqual([
      '1',
    ]);
  });
});

describe('paging', () => {
  it.each<[string, object, Record<string, object>]>([
    [
      'by cursor',
      { by: 'cursor', path: 'meta.next', parameter: 'after' },
      {
        '/orders?x=1': { data: [row(1)], meta: { next: 7 } },
        '/orders?x=1&after=7': { data: [row(2)], meta: { next: 'z' } },
        '/orders?x=1&after=z': { data: [row(3)], meta: { next: null } },
      },
    ],
    [
      'by page',
      { by: 'page', parameter: 'page' },
      {
        '/orders?x=1&page=1': { data: [row(1), row(2)] },
        '/orders?x=1&page=2': { data: [row(3)] },
        '/orders?x=1&page=3': { data: [] },
      },
    ],
    [
      'by offset',
      { by: 'offset', parameter: 'offset' },
      {
        '/orders?x=1': { data: [row(1), row(2)] },
        '/orders?x=1&offset=2': { data: [row(3)] },
        '/orders?x=1&offset=3': { data: [] },
      },
    ],
    [
      'by a link without an address',
      { by: 'link', path: 'next' },
      {
        '/orders?x=1': { data: [row(1), row(2)], next: '/orders?token=a' },
        '/orders?token=a': { data: [row(3)], next: '' },
      },
    ],
  ])('%s', async (_name, paging, answers) => {
    for (const [path, body] of Object.entries(answers)) server.routes[`GET ${path}`] = () => ({ body });
    expect(ids(await readAll(connect({ query: { x: 1 }, paging })))).toEqual(['1', '2', '3']);
    expect(routes()).toEqual(Object.keys(answers).map((path) => `GET ${path}`));
  });

  it('by a link follows it home, and nowhere else', async () => {
    server.routes['GET /orders'] = () => ({ body: { data: [row(1)], next: `${server.url}/orders?p=2` } });
    server.routes['GET /orders?p=2'] = () => ({ body: { data: [row(2)], next: 'https://elsewhere.example/orders' } });
    await expect(readAll(connect({ paging: { by: 'link', path: 'next' } }))).rejects.toThrow(PermanentError);
    expect(server.calls).toHaveLength(2);
  });

  it.each<[string, object, object]>([
    ['the same rows', { by: 'page', parameter: 'p' }, {}],
    ['the same link', { by: 'link', path: 'next' }, { next: '?p=2' }],
    ['the same cursor', { by: 'cursor', path: 'next', parameter: 'after' }, { next: 'a' }],
  ])('says so when an API gives %s again', async (_name, paging, part) => {
    for (const query of ['', '?p=1', '?p=2', '?after=a'])
      server.routes[`GET /orders${query}`] = () => ({ body: { data: [row(1)], ...part } });
    await expect(readAll(connect({ paging }))).rejects.toThrow(/same page of \/orders twice.*`paging`/);
  });
});

describe('a row', () => {
  const mapping = { currency: 'EUR', entities: { order: { fields: { number: 'nr', total: 'amount' } } } };

  it('becomes a canonical record', async () => {
    const found = row('9', { nr: 'A-9', amount: 12.5, changed: 1_774_368_000, colour: 'red', meta: { gone: false } });
    server.routes['GET /orders'] = () => ({ body: { data: [found] } });
    const context = connect({ modifiedAt: 'changed', deleted: 'meta.gone' }, { mapping });
    const [draft] = await readAll(context);
    expect(draft).toMatchObject({
      entity: 'order',
      id: '9',
      change: 'updated',
      modifiedAt: '2026-03-24T16:00:00.000Z',
    });
    const mapped = (await source.map({ notification: toNotification(draft!), fetched: undefined }, context)) as Extract<
      MappedRecord,
      { state: 'present' }
    >;
    expect(mapped.record).toMatchObject({ id: '9', number: 'A-9', total: { value: '12.5', currency: 'EUR' } });
    expect(listRecordErrors('order', mapped.record)).toEqual([]);
  });

  it('that comes again is the same sign, and another once it has changed', async () => {
    let name = 'a';
    server.routes['GET /orders'] = () => ({ body: { data: [row(1, { name })] } });
    const context = connect({});
    const [first] = await readAll(context);
    expect((await readAll(context))[0]!.dedupeKey).toBe(first!.dedupeKey);
    name = 'b';
    expect((await readAll(context))[0]!.dedupeKey).not.toBe(first!.dedupeKey);
  });

  it.each([
    [true, 'deleted'],
    ['2026-03-24', 'deleted'],
    [1, 'deleted'],
    [false, 'updated'],
    [null, 'updated'],
    [undefined, 'updated'],
  ])('whose mark of deletion is %o is %s', async (gone, change) => {
    server.routes['GET /orders'] = () => ({ body: { data: [row(1, { gone })] } });
    expect(await readAll(connect({ deleted: 'gone' }))).toMatchObject([{ change }]);
  });

  it('keeps an id past 2^53', async () => {
    server.routes['GET /orders'] = () => ({ body: '{"data":[{"id":9007199254740993}]}' });
    expect(ids(await readAll(connect({})))).toEqual(['9007199254740993']);
  });

  it('without an id is left out, and told of', async () => {
    server.routes['GET /orders'] = () => ({ body: { data: [{ name: 'x' }, row(2)] } });
    const context = connect({});
    expect(ids(await readAll(context))).toEqual(['2']);
    expect((context.log as unknown as { lines: unknown[] }).lines).toEqual([
      [{ entity: 'order', rows: 1 }, 'rows without an id were left out'],
    ]);
  });
});

describe('a configuration that does not fit', () => {
  it.each([
    ['rows', { data: {} }, /without a list of objects at `data`/],
    ['id', { data: [{ nr: 1 }] }, /No row of \/orders has an id at `id`/],
  ])('stops the poll at %s, and loses nothing', async (_name, body, message) => {
    server.routes['GET /orders'] = () => ({ body });
    const error: unknown = await readAll(connect({})).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Unavailable);
    expect((error as Error).message).toMatch(message);
  });

  const entities = { order: { path: '/orders' } };
  it.each([
    [{ entities: { orders: { path: '/orders' } } }, 'canonical entities'],
    [{ entities: { order: { path: 'orders' } } }, 'begin with a slash'],
    [{ entities: { order: { path: '/orders', query: { a: '{since:iso}' } } } }, 'placeholders'],
    [{ entities: { order: { path: '/orders', paging: { by: 'cursor', parameter: 'after' } } } }, 'path'],
    [{ entities: { order: { path: '/orders', paging: { by: 'page' } } } }, 'parameter'],
    [{ entities, auth: { bearer: 'a', basic: { user: 'b' } } }, 'one of bearer'],
    [
      { entities, auth: { oauth2: { grant: 'refresh_token', tokenUrl: 'https://x.example/t', clientId: 'a' } } },
      'refreshToken',
    ],
    [
      { entities, auth: { oauth2: { grant: 'jwt-bearer', tokenUrl: 'https://x.example/t', clientId: 'a' } } },
      'privateKey',
    ],
    [{ url: 'erp.example', entities }, 'URL'],
  ])('is refused: %o', (part, message) => {
    const config = plainToInstance(JsonPollerConfig, { url: 'https://erp.example', ...part });
    expect(listErrors(config).join('\n')).toContain(message);
  });

  it.each<[object, string | undefined]>([
    [{}, undefined],
    [{ bearer: 'abc' }, 'Bearer abc'],
    [{ basic: { user: 'key' } }, 'Basic a2V5Og=='],
  ])('shows credentials %o', async (auth, header) => {
    server.routes['GET /orders'] = () => ({ body: { data: [] } });
    await readAll(connect({}, { auth }));
    expect(server.calls[0]!.authorization).toBe(header);
  });
});
