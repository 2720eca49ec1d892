import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type LoadedConfig } from '@crm-mesh/config';
import { createLogger } from '@crm-mesh/telemetry';

// For the specs of this app.

const SECRET = 'a client secret';
const TOKEN = 'a-bearer-token';
export const quietLog = createLogger({ app: 'publisher', level: process.env['MESH_TEST_LOG'] ?? 'silent' });

const CONNECTIONS = [
  {
    tenant: 'acme',
    name: 'hubspot',
    source: 'hubspot',
    config: { clientSecrets: [SECRET], accessToken: 'x', apiUrl: 'http://127.0.0.1:9' },
  },
  { tenant: 'acme', name: 'cloudevents', source: 'cloudevents', config: { tokens: [TOKEN], allowedOrigins: ['*'] } },
  {
    tenant: 'acme',
    name: 'guarded',
    source: 'cloudevents',
    config: { tokens: [TOKEN], allowedOrigins: ['erp.example'], requireOrigin: true },
  },
  {
    tenant: 'acme',
    name: 'fenced',
    source: 'cloudevents',
    config: { tokens: [TOKEN] },
    access: { allow: ['203.0.113.0/24'] },
  },
];

export interface TestConfig {
  config: LoadedConfig;
  remove(): void;
}

/** A mesh.yaml (JSON is YAML) in a folder of its own. */
export function makeConfig(part: Record<string, unknown> = {}): TestConfig {
  const folder = mkdtempSync(join(tmpdir(), 'crm-mesh-publisher-'));
  const file = join(folder, 'mesh.yaml');
  writeFileSync(file, JSON.stringify({ connections: CONNECTIONS, ...part }));
  return {
    config: loadConfig({ file, env: {}, cwd: folder }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface SignedRequest {
  body: string;
  headers: Record<string, string>;
}

/** As HubSpot signs, version 3. */
export function signHubspot(url: string, items: unknown, secret = SECRET): SignedRequest {
  const body = JSON.stringify(items);
  const timestamp = String(Date.now());
  const signature = createHmac('sha256', secret).update(`POST${url}${body}${timestamp}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'x-hubspot-request-timestamp': timestamp,
    'x-hubspot-signature-v3': signature,
  };
  return { body, headers };
}

export function makeHubspotItem(
  objectId: number | string,
  part: Record<string, unknown> = {},
): Record<string, unknown> {
  const told = { subscriptionType: 'deal.propertyChange', propertyName: 'dealstage', propertyValue: 'won' };
  const ids = { eventId: Number(objectId) + 1_000, subscriptionId: 1, portalId: 2, appId: 3, attemptNumber: 0 };
  return { ...ids, occurredAt: 1_764_000_000_000, ...told, objectId, ...part };
}

export function makeCloudEvent(
  type: string,
  data: Record<string, unknown>,
  part: Record<string, unknown> = {},
): Record<string, unknown> {
  const id = `${type}/${JSON.stringify(data)}`;
  return {
    specversion: '1.0',
    id,
    source: '/shop',
    type,
    time: '2025-01-01T00:00:00Z',
    datacontenttype: 'application/json',
    data,
    ...part,
  };
}

export const CLOUD_EVENT_HEADERS = { 'content-type': 'application/cloudevents+json', authorization: `Bearer ${TOKEN}` };
