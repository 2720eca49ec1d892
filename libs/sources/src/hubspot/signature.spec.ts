import type { VerificationFailure, WebhookRequest } from '@crm-mesh/sdk';
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  createConfig,
  createContext,
  createRequest,
  PUBLIC_URL,
  readSample,
  readSampleJson,
  SAMPLE_TIME_MS,
} from '../../test/context.js';
import { HubspotConfig } from './config.js';
import { verifyHubspot } from './signature.js';

interface Vector {
  name: string;
  version: 'v1' | 'v2' | 'v3';
  secret: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  bodyFile: string;
  bodyBase64: string;
  nowMs: number;
  expect: 'accept' | 'reject';
}

const { vectors } = readSampleJson<{ vectors: Vector[] }>('hubspot/signature-vectors.json');
const SECRET = '7c1f5a90-3be2-4d6b-a2f7-90c1d4e8b615';

function configure(part: Partial<HubspotConfig> = {}): HubspotConfig {
  return createConfig(HubspotConfig, { clientSecrets: [SECRET], accessToken: 'token', ...part });
}

function sign(request: { url?: string; body?: string; timestamp?: string; secret?: string } = {}): WebhookRequest {
  const { url = PUBLIC_URL, body = '[]', timestamp = String(SAMPLE_TIME_MS), secret = SECRET } = request;
  const signature = createHmac('sha256', secret).update(`POST${url}${body}${timestamp}`).digest('base64');
  return createRequest({
    headers: { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': timestamp },
    body,
  });
}

describe('the shared signature vectors', () => {
  it.each(vectors)('$name: $expect', (vector) => {
    const url = new URL(vector.url);
    const request = createRequest({
      method: vector.method,
      url: url.pathname + url.search,
      headers: vector.headers,
      body: Buffer.from(vector.bodyBase64, 'base64'),
    });
    expect(Buffer.from(vector.bodyBase64, 'base64')).toEqual(readSample(`hubspot/${vector.bodyFile}`));
    const context = createContext(configure({ clientSecrets: [vector.secret], signatures: [vector.version] }), {
      nowMs: vector.nowMs,
      publicUrl: url.origin + url.pathname,
    });
    const verdict = verifyHubspot(request, context);
    expect(verdict).toMatchObject(
      vector.expect === 'accept' ? { ok: true, scheme: `hubspot-${vector.version}` } : { ok: false },
    );
  });

  it('has at least ten', () => expect(vectors.length).toBeGreaterThanOrEqual(10));
});

const headersOf = (request: WebhookRequest, part: Record<string, string | undefined>): WebhookRequest => ({
  ...request,
  headers: { ...request.headers, ...part },
});

const v1 = vectors.find(({ name }) => name === 'v1-crm-webhook')!;
const signedV1 = createRequest({ headers: v1.headers, body: Buffer.from(v1.bodyBase64, 'base64') });

describe('what is refused, and why', () => {
  const cases: [string, WebhookRequest, VerificationFailure, Partial<HubspotConfig>?][] = [
    ['no signature', createRequest(), 'signature-missing'],
    ['no timestamp', headersOf(sign(), { 'x-hubspot-request-timestamp': undefined }), 'timestamp-missing'],
    ['NaN as timestamp', sign({ timestamp: 'NaN' }), 'timestamp-malformed'],
    ['exponent as timestamp', sign({ timestamp: '1774368002450e0' }), 'timestamp-malformed'],
    ['negative timestamp', sign({ timestamp: '-1774368002450' }), 'timestamp-malformed'],
    [
      'doubled timestamp',
      headersOf(sign(), { 'x-hubspot-request-timestamp': `${SAMPLE_TIME_MS}, ${SAMPLE_TIME_MS}` }),
      'timestamp-malformed',
    ],
    ['seconds as timestamp', sign({ timestamp: '1774368002' }), 'timestamp-out-of-window'],
    ['5 min and 1 ms old', sign({ timestamp: String(SAMPLE_TIME_MS - 300_001) }), 'timestamp-out-of-window'],
    ['5 min and 1 ms ahead', sign({ timestamp: String(SAMPLE_TIME_MS + 300_001) }), 'timestamp-out-of-window'],
    [
      'doubled signature',
      headersOf(sign(), { 'x-hubspot-signature-v3': `${sign().headers['x-hubspot-signature-v3']}, x` }),
      'signature-malformed',
    ],
    ['empty signature', headersOf(sign(), { 'x-hubspot-signature-v3': '' }), 'signature-malformed'],
    ['short signature', headersOf(sign(), { 'x-hubspot-signature-v3': 'AAAA' }), 'signature-malformed'],
    ['foreign secret', sign({ secret: 'other' }), 'signature-mismatch'],
    ['other URL', sign({ url: `${PUBLIC_URL}/` }), 'signature-mismatch'],
    ['other body', { ...sign(), body: Buffer.from('[ ]') }, 'signature-mismatch'],
    ['other method', { ...sign(), method: 'PUT' }, 'signature-mismatch'],
    ['v1 without leave', signedV1, 'scheme-not-allowed'],
    ['v3 without leave', sign(), 'scheme-not-allowed', { signatures: ['v1'] }],
    [
      'a wrong v3 beside a right v1',
      headersOf(signedV1, sign({ secret: 'other' }).headers as Record<string, string>),
      'signature-mismatch',
      { signatures: ['v3', 'v1'] },
    ],
    [
      'v1 with an unknown version',
      headersOf(signedV1, { 'x-hubspot-signature-version': 'v9' }),
      'signature-malformed',
      { signatures: ['v1'] },
    ],
    [
      'v1 taken for v2',
      headersOf(signedV1, { 'x-hubspot-signature-version': 'v2' }),
      'signature-mismatch',
      { signatures: ['v1', 'v2'] },
    ],
  ];
  it.each(cases)('%s', (_name, request, code, config) => {
    expect(verifyHubspot(request, createContext(configure(config)))).toMatchObject({ ok: false, code });
  });
});

describe('what is accepted', () => {
  it.each([
    ['at both edges of the window', sign({ timestamp: String(SAMPLE_TIME_MS + 300_000) })],
    ['exactly five minutes old', sign({ timestamp: String(SAMPLE_TIME_MS - 300_000) })],
  ])('%s', (_name, request) => expect(verifyHubspot(request, createContext(configure())).ok).toBe(true));

  it('a signature of either live secret', () => {
    const config = configure({ clientSecrets: ['new', SECRET] });
    expect(verifyHubspot(sign(), createContext(config)).ok).toBe(true);
    expect(verifyHubspot(sign({ secret: 'new' }), createContext(config)).ok).toBe(true);
    expect(verifyHubspot(sign({ secret: 'old' }), createContext(config)).ok).toBe(false);
  });

  it('a URL with its query, in which HubSpot decodes these characters and no others', () => {
    const received = '/ingest/hubspot/acme?to=https%3A%2F%2fx%3Fa%40b%21%24%27%28%29%2A%2C%3B&keep=%20%23%26%3D%25%2B';
    const hashed = `${PUBLIC_URL}?to=https://x?a@b!$'()*,;&keep=%20%23%26%3D%25%2B`;
    const request = { ...sign({ url: hashed }), url: received };
    expect(verifyHubspot(request, createContext(configure())).ok).toBe(true);
  });

  it('a signature over the public URL, whatever Host and path say behind the proxy', () => {
    const request = headersOf({ ...sign(), url: '/internal' }, { host: '10.0.0.7:8080' });
    expect(verifyHubspot(request, createContext(configure())).ok).toBe(true);
  });
});
