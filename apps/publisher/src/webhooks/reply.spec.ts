import { readFileSync } from 'node:fs';
import { parseNotification } from '@crm-mesh/contract/checking';
import { connectNats, type Nats } from '@crm-mesh/jetstream';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeConfig, quietLog, type TestConfig } from '../publisher.fixture.js';
import { startPublisher, type RunningPublisher } from '../start-publisher.js';

let server: TestNats;
let nats: Nats;
let test: TestConfig;
let publisher: RunningPublisher;

const readSample = (name: string): string =>
  readFileSync(new URL(`../../../../test/samples/salesforce/${name}`, import.meta.url), 'utf8');

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'reply-spec', url: server.url });
  const auth = { grant: 'client_credentials', clientId: 'c', clientSecret: 's', loginUrl: 'http://127.0.0.1:9' };
  const config = { organizationId: '00D8d000009KxTqEAK', auth, stream: { enabled: false } };
  test = makeConfig({ connections: [{ tenant: 'acme', name: 'salesforce', source: 'salesforce', config }] });
  publisher = await startPublisher({ config: test.config, nats: { url: server.url }, log: quietLog });
});

afterAll(async () => {
  await publisher.stop();
  await nats.close();
  await server.stop();
  test.remove();
});

const post = (body: string, type = 'text/xml; charset=utf-8'): request.Test =>
  request(publisher.url).post('/webhooks/acme/salesforce').set('content-type', type).send(body);

it('a sender that wants to hear something of its own hears it when all is stored, and again of a repeated message', async () => {
  for (const lastSequence of [1, 1]) {
    const response = await post(readSample('outbound-contact-updated.xml'));
    expect([response.status, response.headers['content-type']]).toEqual([200, 'text/xml; charset=utf-8']);
    expect(response.text).toBe(readSample('outbound-response-ack.xml'));
    expect((await nats.streamState('CRM_RAW')).lastSequence).toBe(lastSequence);
  }
  const stored = await nats.getMessage('CRM_RAW', 1);
  expect(parseNotification(stored!.data)).toMatchObject({ entity: 'contact', verifiedBy: 'salesforce-organization' });
});

it.each([
  ['another organisation', readSample('outbound-contact-updated.xml').replace('00D8d', '00D9d'), 'text/xml', 401],
  ['no XML, which names no organisation', '{}', 'text/xml', 401],
  ['JSON', '{}', 'application/json', 415],
])('%s hears of no success', async (_name, body, type, status) => {
  const response = await post(body, type);
  expect(response.status).toBe(status);
  expect(response.text).not.toContain('Ack');
});
