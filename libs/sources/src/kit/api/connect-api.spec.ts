import { PermanentError, RefusedRequest, Unavailable, type ApiDescription } from '@crm-mesh/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startApiServer, type ApiReply, type ApiServer } from '../../../test/api-server.js';
import { connectApi } from './connect-api.js';

const NOW_MS = Date.parse('2026-03-24T12:00:00Z');
const SECRET = 'the-secret';

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(() => server.close());

function connect(part: Partial<ApiDescription> = {}, clock = { nowMs: NOW_MS }) {
  const description: ApiDescription = {
    title: 'Ledgerly',
    baseUrl: `${server.url}/`,
    auth: { kind: 'bearer', token: SECRET },
    limits: { requests: 100, intervalMs: 10_000, concurrent: 5 },
    ...part,
  };
  const connected = connectApi(description, { now: () => clock.nowMs });
  return { connected, api: connected.client('live') };
}

const failureOf = async (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error as Error,
  );

describe('a request', () => {
  it('goes with its query, its headers and the connection’s, and gets JSON in which no digit is lost', async () => {
    server.routes['GET /v1/deals?q=a+b&limit=5&all=true'] = () => ({
      body: '{"id":9007199254740993}',
      headers: { 'X-Page': '2' },
    });
    const { api } = connect({ headers: { Accept: 'application/vnd.x+json', 'x-version': '1' } });
    const query = { q: 'a b', limit: 5, all: true, after: undefined };
    const answer = await api.request({ path: '/v1/deals', query, headers: { 'X-Version': '2' } });
    expect(answer).toMatchObject({ status: 200, body: { id: '9007199254740993' }, text: '{"id":9007199254740993}' });
    expect(answer.headers['x-page']).toBe('2');
    expect(server.calls[0]!.headers).toMatchObject({
      accept: 'application/vnd.x+json',
      'x-version': '2',
      authorization: `Bearer ${SECRET}`,
    });
  });

  it('carries JSON or a form', async () => {
    server.routes['POST /json'] = () => ({});
    server.routes['PUT /form'] = () => ({});
    const { api } = connect();
    await api.request({ method: 'POST', path: '/json', json: { a: [1] } });
    await api.request({ method: 'PUT', path: '/form', form: { q: 'a&b' } });
    expect(server.calls).toMatchObject([
      { body: { a: [1] }, headers: { 'content-type': 'application/json' } },
      { body: { q: 'a&b' }, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ]);
  });

  it.each<[ApiDescription['auth'], object]>([
    [{ kind: 'none' }, {}],
    [
      { kind: 'header', name: 'X-Api-Token', value: 'abc' },
      { 'x-api-token': 'abc', authorization: undefined },
    ],
    [{ kind: 'basic', user: 'key', password: '' }, { authorization: 'Basic a2V5Og==' }],
  ])('shows who it is: %o', async (auth, headers) => {
    server.routes['GET /'] = () => ({});
    await connect({ auth }).api.request({ path: '/' });
    const sent = server.calls[0]!.headers;
    for (const [name, value] of Object.entries(headers)) expect(sent[name]).toBe(value);
  });

  it('follows a link to the same address, and takes its credentials nowhere else', async () => {
    server.routes['GET /v1/deals?page=2'] = () => ({});
    const { api } = connect();
    await expect(api.request({ path: `${server.url}/v1/deals?page=2` })).resolves.toMatchObject({ status: 200 });
    await expect(api.request({ path: 'https://elsewhere.example/v1/deals' })).rejects.toThrow(PermanentError);
  });

  it('resolves to a status that the caller accepts', async () => {
    await expect(connect().api.request({ path: '/gone', accept: [404] })).resolves.toMatchObject({ status: 404 });
  });
});

describe('what goes wrong', () => {
  type ErrorClass = abstract new (...args: never[]) => Error;
  it.each<[ApiReply, ErrorClass, RegExp]>([
    [{ status: 400, body: { reason: 'private' } }, RefusedRequest, /^Ledgerly answered 400 to GET \/deals\.$/],
    [{ status: 404 }, RefusedRequest, /404/],
    [{ status: 401 }, Unavailable, /wrong or were revoked\. Set them anew\.$/],
    [{ status: 403 }, Unavailable, /do not allow it/],
    [{ status: 408 }, Unavailable, /408/],
    [{ status: 500, body: 'oops' }, Unavailable, /answered 500 to GET \/deals\.$/],
    [{ status: 503, headers: { 'retry-after': '7' } }, Unavailable, /503/],
    [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, Unavailable, /redirect, which is not followed/],
    [{ hang: true }, Unavailable, /^Ledgerly did not answer within 0\.2 s: GET \/deals\.$/],
  ])('%o', async (reply, errorClass, message) => {
    server.routes['GET /deals?email=ada%40example.org'] = () => reply;
    const { api, connected } = connect({ timeoutMs: 200 });
    const error = await failureOf(api.request({ path: '/deals', query: { email: 'ada@example.org' } }));
    expect(error).toBeInstanceOf(errorClass);
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/secret|ada|private/);
    if (reply.headers?.['retry-after']) expect(error).toMatchObject({ retryAfterMs: 7_000 });
    expect(connected.readState()).toMatchObject({ requests: 1, failures: 1, lastError: { message: error.message } });
  });

  it('a port at which nobody listens', async () => {
    const closed = await startApiServer();
    await closed.close();
    const error = await failureOf(connect({ baseUrl: closed.url }).api.request({ path: '/deals' }));
    expect(error).toBeInstanceOf(Unavailable);
    expect(error.message).toBe('Ledgerly cannot be reached (ECONNREFUSED): GET /deals.');
  });

  it('a token with a line end, which is not repeated', async () => {
    const error = await failureOf(
      connect({ auth: { kind: 'bearer', token: `${SECRET}\n1` } }).api.request({ path: '/x' }),
    );
    expect(error.message).toMatch(/line end in a token/);
    expect(JSON.stringify([error.message, error.cause, error.stack])).not.toContain(SECRET);
  });

  it('gives the caller what the API answered, apart from the message', async () => {
    server.routes['GET /x'] = () => ({ status: 422, body: { field: 'name' } });
    expect(await failureOf(connect().api.request({ path: '/x' }))).toMatchObject({
      status: 422,
      body: { field: 'name' },
    });
  });

  it('is explained by the source where the status does not say it', async () => {
    server.routes['GET /x'] = () => ({ status: 400, body: { code: 'LIMIT' } });
    const { api } = connect({
      explain: ({ status }) =>
        status === 400 ? { kind: 'blocked', what: 'the limit of the hour', retryAfterMs: 60_000 } : undefined,
    });
    const error = await failureOf(api.request({ path: '/x' }));
    expect(error.message).toBe('Ledgerly answered 400 to GET /x: the limit of the hour.');
    expect(error).toMatchObject({ name: 'Unavailable', retryAfterMs: 60_000 });
  });
});

describe('a limit that is used up', () => {
  it.each([
    ['without Retry-After', {}, 10_000],
    ['in seconds', { 'retry-after': '3' }, 3_000],
    ['as a date', { 'retry-after': new Date(NOW_MS + 20_000).toUTCString() }, 20_000],
    ['longer than any day', { 'retry-after': '99999999' }, 86_400_000],
  ])('%s: nothing is sent until then', async (_name, headers, delayMs) => {
    server.routes['GET /x'] = () => ({ status: 429, headers });
    const clock = { nowMs: NOW_MS };
    const { api, connected } = connect({}, clock);
    await expect(api.request({ path: '/x' })).rejects.toMatchObject({ retryAfterMs: delayMs });
    clock.nowMs += 1_000;
    await expect(connected.client('backfill').request({ path: '/y' })).rejects.toMatchObject({
      retryAfterMs: delayMs - 1_000,
    });
    expect(server.calls).toHaveLength(1);
    expect(connected.readState().blockedUntil).toBe(new Date(NOW_MS + delayMs).toISOString());
    clock.nowMs += delayMs;
    server.routes['GET /x'] = () => ({});
    await expect(api.request({ path: '/x' })).resolves.toBeDefined();
    expect(connected.readState().blockedUntil).toBeUndefined();
  });

  it('lets nobody wait who would only be told so', async () => {
    server.routes['GET /x'] = () => ({ status: 429 });
    const { connected } = connect({ limits: { requests: 1, intervalMs: 60_000, concurrent: 1 } });
    const asked = ['live', 'repair', 'backfill'] as const;
    const errors = await Promise.all(
      asked.map((urgency) => failureOf(connected.client(urgency).request({ path: '/x' }))),
    );
    expect(errors.every((error) => error instanceof Unavailable)).toBe(true);
    expect(server.calls).toHaveLength(1);
  });
});

describe('what the CRM says is left', () => {
  const readQuota: ApiDescription['readQuota'] = ({ headers }) => ({
    ...(headers['x-left'] !== undefined && { remaining: Number(headers['x-left']) }),
    dailyRemaining: 900,
  });

  it('lowers our own count, and is told', async () => {
    server.routes['GET /x'] = () => ({ headers: { 'x-left': '0' } });
    const { api, connected } = connect({ readQuota, limits: { requests: 50, intervalMs: 300, concurrent: 5 } });
    const startedAtMs = performance.now();
    await api.request({ path: '/x' });
    await api.request({ path: '/x' });
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(300);
    expect(connected.readState().quota).toEqual({
      remaining: 0,
      dailyRemaining: 900,
      at: new Date(NOW_MS).toISOString(),
    });
  });
});

describe('closing', () => {
  it('gives up who waits', async () => {
    server.routes['GET /x'] = () => ({});
    const { api, connected } = connect({ limits: { requests: 1, intervalMs: 60_000, concurrent: 1 } });
    await api.request({ path: '/x' });
    const waiting = failureOf(api.request({ path: '/x' }));
    expect(connected.readState().waiting).toEqual({ live: 1, repair: 0, backfill: 0 });
    connected.close();
    expect(await waiting).toBeInstanceOf(Unavailable);
  });
});
