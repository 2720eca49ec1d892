import { parseRawSubject } from '@crm-mesh/contract';
import { parseNotification } from '@crm-mesh/contract/checking';
import type { PublisherStatus } from '@crm-mesh/control';
import { connectNats, requestControl, type Lease, type Nats } from '@crm-mesh/jetstream';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  CLOUD_EVENT_HEADERS,
  makeCloudEvent,
  makeConfig,
  makeHubspotItem,
  quietLog,
  signHubspot,
  type TestConfig,
} from './publisher.fixture.js';
import { startPublisher, type RunningPublisher } from './start-publisher.js';

let server: TestNats;
let nats: Nats;
let test: TestConfig;
let publisher: RunningPublisher;
let lease: Lease;

beforeAll(async () => {
  server = await startTestNats({ settings: { max_payload: 65_536 } });
  nats = await connectNats({ name: 'publisher-spec', url: server.url });
  test = makeConfig({
    nats: { maxClaimBytes: 65_536 },
    http: { maxBodyBytes: 200_000, rateLimit: { perConnectionPerSecond: 40 } },
  });
  // The publisher does not lead: the normaliser has specs of its own.
  lease = await nats.acquireLease('normaliser', { holder: 'publisher-spec', signal: new AbortController().signal });
  publisher = await startPublisher({ config: test.config, nats: { url: server.url }, log: quietLog });
});

afterAll(async () => {
  await publisher.stop();
  await lease.release();
  await nats.close();
  await server.stop();
  test.remove();
});

afterEach(() => vi.useRealTimers());

const PATH = '/webhooks/acme/hubspot';
const lastSequence = async (): Promise<number> => (await nats.streamState('CRM_RAW')).lastSequence;

async function expectNothingStored(act: () => Promise<unknown>): Promise<void> {
  const before = await lastSequence();
  await act();
  expect(await lastSequence()).toBe(before);
}

function expectProblem(response: request.Response, status: number, code: string): void {
  expect(response.status).toBe(status);
  expect(response.type).toBe('application/problem+json');
  expect(response.body).toMatchObject({ type: `urn:crm-mesh:error:${code}`, status, code });
  expect(Object.keys(response.body as object).sort()).toEqual(['code', 'cure', 'detail', 'status', 'title', 'type']);
}

const post = (path: string, { body, headers }: { body: string; headers: Record<string, string> }): request.Test =>
  request(publisher.url).post(path).set(headers).send(body);

describe('POST /webhooks/:tenant/:connection', () => {
  it('stores each item of a signed request before it answers', async () => {
    const before = await lastSequence();
    const signed = signHubspot(publisher.url + PATH, [makeHubspotItem(1), makeHubspotItem(2)]);
    const response = await post(PATH, signed);
    expect([response.status, response.body]).toEqual([202, { accepted: 2, duplicates: 0 }]);
    const stored = await nats.getMessage('CRM_RAW', before + 1);
    expect(parseRawSubject(stored!.subject)).toEqual({
      tenant: 'acme',
      connection: 'hubspot',
      entity: 'deal',
      id: '1',
    });
    expect(parseNotification(stored!.data)).toMatchObject({
      origin: 'webhook',
      verifiedBy: 'hubspot-v3',
      change: 'updated',
      entity: 'deal',
    });
    expect(await lastSequence()).toBe(before + 2);
  });

  it('stores what is sent twice once', async () => {
    const signed = signHubspot(publisher.url + PATH, [makeHubspotItem(11)]);
    await post(PATH, signed);
    await expectNothingStored(async () =>
      expect((await post(PATH, signed)).body).toEqual({ accepted: 1, duplicates: 1 }),
    );
  });

  it('covers the query that was signed', async () => {
    const path = `${PATH}?shop=a%20b`;
    expect((await post(path, signHubspot(publisher.url + path, [makeHubspotItem(12)]))).status).toBe(202);
  });

  it('takes bytes as they are', async () => {
    const body = Buffer.from(
      '[ {"subscriptionType":"deal.propertyChange", "objectId":13,"eventId":9, "occurredAt":1764000000000,"x":"é😀"} ]\n',
    );
    const signed = signHubspot(publisher.url + PATH, []);
    const { createHmac } = await import('node:crypto');
    const timestamp = signed.headers['x-hubspot-request-timestamp']!;
    const hmac = createHmac('sha256', 'a client secret')
      .update(`POST${publisher.url}${PATH}`)
      .update(body)
      .update(timestamp);
    const headers = { ...signed.headers, 'x-hubspot-signature-v3': hmac.digest('base64') };
    expect((await post(PATH, { body: body.toString(), headers })).status).toBe(202);
  });

  it('refuses a wrong signature, says not why, and stores nothing', async () => {
    const wrongSecret = signHubspot(publisher.url + PATH, [makeHubspotItem(21)], 'another secret');
    const altered = {
      ...signHubspot(publisher.url + PATH, [makeHubspotItem(22)]),
      body: JSON.stringify([makeHubspotItem(23)]),
    };
    const wrongUrl = signHubspot(`https://elsewhere.example${PATH}`, [makeHubspotItem(24)]);
    const unsigned = { body: '[]', headers: { 'content-type': 'application/json' } };
    await expectNothingStored(async () => {
      const answers = await Promise.all([wrongSecret, altered, wrongUrl, unsigned].map((each) => post(PATH, each)));
      for (const answer of answers) expectProblem(answer, 401, 'MESH_WEBHOOK_REFUSED');
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    });
  });

  it('says 403 to an origin that is not let in, and only to who has a right token', async () => {
    const event = JSON.stringify(makeCloudEvent('deal.created', { id: '1' }));
    const path = '/webhooks/acme/guarded';
    const { authorization, ...unproved } = CLOUD_EVENT_HEADERS;
    await expectNothingStored(async () => {
      expectProblem(await post(path, { body: event, headers: unproved }), 401, 'MESH_WEBHOOK_REFUSED');
      const headers = { ...unproved, authorization };
      expectProblem(await post(path, { body: event, headers }), 403, 'MESH_WEBHOOK_FORBIDDEN');
      const known = { ...headers, 'webhook-request-origin': 'other.example' };
      expectProblem(await post(path, { body: event, headers: known }), 403, 'MESH_WEBHOOK_FORBIDDEN');
      expectProblem(await post('/webhooks/acme/fenced', { body: event, headers }), 401, 'MESH_WEBHOOK_REFUSED');
    });
  });

  it('refuses what is too large', async () => {
    const body = JSON.stringify([makeHubspotItem(31, { propertyValue: 'x'.repeat(200_001) })]);
    await expectNothingStored(async () =>
      expectProblem(
        await post(PATH, { body, headers: { 'content-type': 'application/json' } }),
        413,
        'MESH_WEBHOOK_TOO_LARGE',
      ),
    );
  });

  it('refuses the whole batch for one item that can never be stored, and names it', async () => {
    const large = signHubspot(publisher.url + PATH, [
      makeHubspotItem(32),
      makeHubspotItem(33, { propertyValue: 'x'.repeat(70_000) }),
    ]);
    const long = signHubspot(publisher.url + PATH, [
      makeHubspotItem(34),
      makeHubspotItem('1'.repeat(300), { eventId: 5 }),
    ]);
    await expectNothingStored(async () => {
      const answer = await post(PATH, large);
      expectProblem(answer, 413, 'MESH_MESSAGE_TOO_LARGE');
      expect((answer.body as { detail: string }).detail).toContain('Item 2');
      const other = await post(PATH, long);
      expectProblem(other, 400, 'MESH_ID_TOO_LONG');
      expect((other.body as { detail: string }).detail).toContain('Item 2');
    });
  });

  it.each([
    ['a media type that the source cannot read', { 'content-type': 'text/xml' }],
    ['none at all', {}],
  ])('refuses %s', async (_name, headers) => {
    const { 'content-type': _type, ...signature } = signHubspot(publisher.url + PATH, []).headers;
    const answer = await request(publisher.url)
      .post(PATH)
      .set({ ...signature, ...headers })
      .send(Buffer.from('[]') as unknown as string)
      .unset('content-type-x');
    expectProblem(answer, 415, 'MESH_MEDIA_TYPE_UNSUPPORTED');
  });

  it.each([
    ['no JSON', '{"a":'],
    ['no list', '{}'],
    ['an item without a type', '[{}]'],
    ['nothing', ''],
  ])('refuses a signed body that is %s', async (_name, body) => {
    const signed = signHubspot(publisher.url + PATH, []);
    const { createHmac } = await import('node:crypto');
    const timestamp = signed.headers['x-hubspot-request-timestamp']!;
    const signature = createHmac('sha256', 'a client secret')
      .update(`POST${publisher.url}${PATH}${body}${timestamp}`)
      .digest('base64');
    await expectNothingStored(async () =>
      expectProblem(
        await post(PATH, { body, headers: { ...signed.headers, 'x-hubspot-signature-v3': signature } }),
        400,
        'MESH_NOTIFICATION_INVALID',
      ),
    );
  });

  it.each(['/webhooks/acme/nobody', '/webhooks/nobody/hubspot', '/webhooks/acme/__proto__', '/webhooks/acme/%00'])(
    'knows no %s',
    async (path) => {
      expectProblem(
        await post(path, { body: '[]', headers: { 'content-type': 'application/json' } }),
        404,
        'MESH_CONNECTION_UNKNOWN',
      );
    },
  );

  it.each(['/', '/webhooks', '/webhooks/acme', '/webhooks/acme/hubspot/more', '/metrics/x', '/webhooks/acme/%'])(
    'has no path %s',
    async (path) => {
      const answer = await post(path, { body: '[]', headers: { 'content-type': 'application/json' } });
      expect(answer.type).toBe('application/problem+json');
      expect([400, 404]).toContain(answer.status);
    },
  );

  it('takes POST alone', async () => {
    for (const method of ['get', 'put', 'delete', 'patch'] as const) {
      const answer = await request(publisher.url)[method](PATH);
      expectProblem(answer, 405, 'MESH_METHOD_NOT_ALLOWED');
      expect(answer.headers['allow']).toBe('POST, OPTIONS');
    }
    expectProblem(await request(publisher.url).options(PATH), 405, 'MESH_METHOD_NOT_ALLOWED');
  });

  it('shakes hands where the source does', async () => {
    const answer = await request(publisher.url)
      .options('/webhooks/acme/cloudevents')
      .set('webhook-request-origin', 'shop.example');
    expect(answer.status).toBeLessThan(300);
    expect(answer.headers['webhook-allowed-origin']).toBeDefined();
  });

  it('takes CloudEvents with their records', async () => {
    const event = makeCloudEvent('deal.won', { id: 'd1', name: 'Big deal' });
    const answer = await post('/webhooks/acme/cloudevents', {
      body: JSON.stringify(event),
      headers: CLOUD_EVENT_HEADERS,
    });
    expect([answer.status, answer.body]).toEqual([202, { accepted: 1, duplicates: 0 }]);
  });

  it('has a rate for each connection', async () => {
    const burst = Array.from({ length: 60 }, () =>
      request(publisher.url).post('/webhooks/busy/one').set('content-type', 'application/json').send('[]'),
    );
    const answers = await Promise.all(burst);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expectProblem(refused[0]!, 429, 'MESH_WEBHOOK_TOO_MANY');
    expect(Number(refused[0]!.headers['retry-after'])).toBeGreaterThan(0);
    expect((await request(publisher.url).get('/healthz')).status).toBe(200);
    expect((await post(PATH, signHubspot(publisher.url + PATH, [makeHubspotItem(41)]))).status).toBe(202);
  });
});

describe('beside the webhooks', () => {
  it('tells its status over NATS', async () => {
    const status = await requestControl<PublisherStatus>(nats, 'publisher', 'status');
    expect(status).toMatchObject({
      app: 'publisher',
      url: publisher.url,
      normaliser: { leading: false, published: 0 },
      consumers: [],
    });
    const hubspot = status.connections.find(({ name }) => name === 'hubspot');
    expect(hubspot?.received).toBeGreaterThan(0);
    expect(hubspot?.refused).toBeGreaterThan(0);
  });

  it('refuses a redrive that makes no sense', async () => {
    await expect(
      requestControl(nats, 'publisher', 'redrive', { consumer: 'other', sequences: [1], by: 'me' }),
    ).rejects.toThrow('MESH_CONTROL_INVALID');
    await expect(requestControl(nats, 'publisher', 'redrive')).rejects.toThrow('MESH_CONTROL_INVALID');
  });

  it('counts', async () => {
    const { text } = await request(publisher.url).get('/metrics');
    expect(text).toMatch(/mesh_notifications_stored_total\{[^}]*connection="hubspot"[^}]*\} [1-9]/);
    expect(text).toMatch(/mesh_webhooks_refused_total\{[^}]*code="MESH_WEBHOOK_REFUSED"[^}]*\} [1-9]/);
  });
});
