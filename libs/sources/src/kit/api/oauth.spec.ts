import { Unavailable, type ApiDescription, type OAuth } from '@crm-mesh/sdk';
import { importSPKI, jwtVerify } from 'jose';
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startApiServer, type ApiReply, type ApiServer } from '../../../test/api-server.js';
import { createLog } from '../../../test/context.js';
import { connectApi } from './connect-api.js';

const NOW_MS = Date.parse('2026-03-24T12:00:00Z');
const TOKEN = 'POST /oauth/token';
const DEALS = 'GET /deals';

let server: ApiServer;
/** The tokens that the API takes. */
let valid: string[];
let issued: number;
beforeEach(async () => {
  server = await startApiServer();
  valid = [];
  issued = 0;
  server.routes[TOKEN] = () => ({ body: { access_token: issue(), token_type: 'bearer', expires_in: 1_800 } });
  server.routes[DEALS] = () => (valid.includes(lastToken()) ? {} : { status: 401 });
});
afterEach(() => server.close());

function issue(): string {
  valid = [`token-${(issued += 1)}`];
  return valid[0]!;
}

const lastToken = (): string => server.calls.at(-1)!.authorization!.replace('Bearer ', '');
const tokenCalls = () => server.calls.filter(({ route }) => route === TOKEN);

function connect(part: { [Key in keyof OAuth]?: OAuth[Key] | undefined } = {}, clock = { nowMs: NOW_MS }) {
  const description: ApiDescription = {
    title: 'Ledgerly',
    baseUrl: server.url,
    auth: {
      kind: 'oauth2',
      tokenUrl: `${server.url}/oauth/token`,
      clientId: 'app 1',
      clientSecret: 'the-secret',
      grant: { type: 'refresh_token', refreshToken: 'refresh-0' },
      ...part,
    } as OAuth,
    limits: { requests: 1_000, intervalMs: 1_000, concurrent: 50 },
  };
  const log = createLog();
  return { api: connectApi(description, { now: () => clock.nowMs, log }).client('live'), clock, log };
}

describe('a token', () => {
  it('is fetched once, however many wait for it, and used until it nears its end', async () => {
    const { api, clock } = connect();
    await Promise.all(Array.from({ length: 40 }, () => api.request({ path: '/deals' })));
    expect(tokenCalls()).toHaveLength(1);
    clock.nowMs += 1_739_000;
    await api.request({ path: '/deals' });
    expect(tokenCalls()).toHaveLength(1);
    clock.nowMs += 2_000;
    await Promise.all(Array.from({ length: 40 }, () => api.request({ path: '/deals' })));
    expect(tokenCalls()).toHaveLength(2);
  });

  it('is renewed once when the API refuses it, however many it refuses', async () => {
    const { api } = connect();
    await api.request({ path: '/deals' });
    valid = [];
    await Promise.all(Array.from({ length: 40 }, () => api.request({ path: '/deals' })));
    expect(tokenCalls()).toHaveLength(2);
  });

  it('is not renewed again and again for an API that takes none', async () => {
    server.routes[DEALS] = () => ({ status: 401 });
    await expect(connect().api.request({ path: '/deals' })).rejects.toThrow(/token that it has just given/);
    expect(tokenCalls()).toHaveLength(2);
  });

  it('without an end holds until it is refused', async () => {
    server.routes[TOKEN] = () => ({ body: { access_token: issue() } });
    const { api, clock } = connect();
    await api.request({ path: '/deals' });
    clock.nowMs += 86_400_000;
    await api.request({ path: '/deals' });
    expect(tokenCalls()).toHaveLength(1);
  });

  it('that is good for a while yet is used while the endpoint is away', async () => {
    const { api, clock } = connect();
    await api.request({ path: '/deals' });
    server.routes[TOKEN] = () => ({ status: 503 });
    clock.nowMs += 1_745_000;
    await expect(api.request({ path: '/deals' })).resolves.toBeDefined();
    clock.nowMs += 60_000;
    await expect(api.request({ path: '/deals' })).rejects.toBeInstanceOf(Unavailable);
  });

  it('names the API’s address', async () => {
    const other = await startApiServer();
    other.routes[DEALS] = () => ({});
    server.routes[TOKEN] = () => ({ body: { access_token: issue(), instance_url: other.url } });
    await connect({ baseUrlOf: (token) => String(token.instance_url) }).api.request({ path: '/deals' });
    expect(other.calls).toHaveLength(1);
    await other.close();
  });
});

describe('a grant', () => {
  it('by refresh token shows the client in the form, and uses the newest refresh token', async () => {
    server.routes[TOKEN] = () => ({ body: { access_token: issue(), refresh_token: `refresh-${issued}` } });
    const { api, log } = connect({ scope: 'a b' });
    for (let time = 0; time < 3; time++) {
      await api.request({ path: '/deals' });
      valid = [];
    }
    const form = { grant_type: 'refresh_token', client_id: 'app 1', client_secret: 'the-secret', scope: 'a b' };
    expect(tokenCalls().map(({ body }) => body)).toEqual(
      ['refresh-0', 'refresh-1', 'refresh-2'].map((refresh_token) => ({ ...form, refresh_token })),
    );
    expect(log.lines).toHaveLength(3);
    expect(JSON.stringify(log.lines)).not.toMatch(/refresh-\d/);
  });

  it('of a client shows it by Basic authentication', async () => {
    await connect({ clientAuth: 'basic', grant: { type: 'client_credentials' } }).api.request({ path: '/deals' });
    expect(tokenCalls()[0]).toMatchObject({
      body: { grant_type: 'client_credentials' },
      authorization: `Basic ${Buffer.from('app%201:the-secret').toString('base64')}`,
    });
    expect(tokenCalls()[0]!.body).not.toHaveProperty('client_id');
  });

  it.each(['pkcs8', 'pkcs1'] as const)('by a signed assertion, with a key in %s', async (type) => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const privateKeyPem = privateKey.export({ type, format: 'pem' }) as string;
    const grant = { type: 'jwt-bearer' as const, privateKeyPem, subject: 'ada@x.example', audience: 'https://login.x' };
    await connect({ clientId: 'app-1', clientSecret: undefined, grant }).api.request({ path: '/deals' });
    const form = tokenCalls()[0]!.body as { grant_type: string; assertion: string };
    expect(Object.keys(form).toSorted()).toEqual(['assertion', 'grant_type']);
    expect(form.grant_type).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const key = await importSPKI(publicKey.export({ type: 'spki', format: 'pem' }) as string, 'RS256');
    const { payload } = await jwtVerify(form.assertion, key, {
      currentDate: new Date(NOW_MS),
      audience: 'https://login.x',
    });
    expect(payload).toMatchObject({ iss: 'app-1', sub: 'ada@x.example' });
    expect(payload.exp! - NOW_MS / 1000).toBeLessThan(180);
  });

  it('with a key that is none says how to set it', async () => {
    const grant = { type: 'jwt-bearer' as const, privateKeyPem: 'MIIE-secret', subject: 's', audience: 'a' };
    const error: unknown = await connect({ grant })
      .api.request({ path: '/deals' })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Unavailable);
    expect(String(error)).toMatch(/RSA key in PEM/);
    expect(String(error)).not.toContain('MIIE');
  });
});

describe('a refused token', () => {
  it.each<[ApiReply, RegExp]>([
    [
      { status: 400, body: { error: 'invalid_grant', error_description: 'user ada' } },
      /400 \(invalid_grant\).*Authorise the app/,
    ],
    [{ status: 401, body: { error: 'invalid_client' } }, /does not know this client/],
    [{ status: 200, body: { error: 'invalid_code' } }, /200 \(invalid_code\).*Authorise the app/],
    [{ status: 200, body: '<html>' }, /answered 200: /],
    [{ status: 503 }, /answered 503\.$/],
    [{ status: 302, headers: { location: 'http://127.0.0.1:1' } }, /token endpoint cannot be reached/],
  ])('%o buries no record and says what to do', async (reply, message) => {
    server.routes[TOKEN] = () => reply;
    const error: unknown = await connect()
      .api.request({ path: '/deals' })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Unavailable);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toMatch(/the-secret|refresh-0|ada/);
    expect(server.calls.every(({ route }) => route === TOKEN)).toBe(true);
  });

  it('is not asked for again at once', async () => {
    server.routes[TOKEN] = () => ({ status: 400, body: { error: 'invalid_grant' } });
    const { api, clock } = connect();
    const fail = () => expect(api.request({ path: '/deals' })).rejects.toBeInstanceOf(Unavailable);
    for (let time = 0; time < 5; time++) await fail();
    expect(tokenCalls()).toHaveLength(1);
    clock.nowMs += 5_001;
    await fail();
    expect(tokenCalls()).toHaveLength(2);
  });
});
