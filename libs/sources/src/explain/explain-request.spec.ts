import type { Source } from '@crm-mesh/sdk';
import { createHash, createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { createConfig, PUBLIC_URL, readSample, SAMPLE_TIME_MS } from '../../test/context.js';
import { CloudEventsConfig } from '../cloudevents/config.js';
import { HubspotConfig } from '../hubspot/config.js';
import { SHIPPED_SOURCES } from '../registry.js';
import { StandardWebhooksConfig } from '../standard-webhooks/config.js';
import { explainRequest, type ExplainInput } from './explain-request.js';

const SECRET = 'the-client-secret';
const BODY = readSample('hubspot/signed/contact-created.raw.json');
const PATH = new URL(PUBLIC_URL).pathname;

interface Signed {
  url?: string;
  body?: Uint8Array;
  timestamp?: string;
  secret?: string;
}

function sign({
  url = PUBLIC_URL,
  body = BODY,
  timestamp = String(SAMPLE_TIME_MS),
  secret = SECRET,
}: Signed = {}): Record<string, string> {
  const signature = createHmac('sha256', secret).update(`POST${url}`).update(body).update(timestamp).digest('base64');
  return {
    'x-hubspot-signature-v3': signature,
    'x-hubspot-request-timestamp': timestamp,
    'content-type': 'application/json',
  };
}

interface Received {
  headers?: Record<string, string>;
  body?: Uint8Array;
  url?: string;
  recordedUrl?: string;
  config?: object;
  nowMs?: number;
}

function explain({
  headers = sign(),
  body = BODY,
  url = PATH,
  recordedUrl,
  config,
  nowMs = SAMPLE_TIME_MS,
}: Received = {}) {
  return explainRequest({
    source: SHIPPED_SOURCES.get('hubspot') as Source,
    request: { method: 'POST', url, headers, body, ...(recordedUrl && { recordedUrl }) },
    config: createConfig(HubspotConfig, { clientSecrets: [SECRET], accessToken: 'the-access-token', ...config }),
    publicUrl: PUBLIC_URL,
    nowMs,
  });
}

it('an accepted request', () =>
  expect(explain()).toEqual({
    accepted: true,
    scheme: 'hubspot-v3',
    notifications: 3,
    tried: [],
    why: expect.any(String),
    cure: 'Nothing to mend.',
  }));

const v1 = {
  'x-hubspot-signature': createHash('sha256').update(SECRET).update(BODY).digest('hex'),
  'x-hubspot-signature-version': 'v1',
  'content-type': 'application/json',
};
const lined = Buffer.concat([BODY, Buffer.from('\n')]);
const pretty = Buffer.from(JSON.stringify(JSON.parse(BODY.toString()), null, 2));
const big = Buffer.from(BODY.toString().replaceAll('128850143501', '9007199254740993'));

describe('one thing is wrong', () => {
  const cases: [string, Received, string, RegExp][] = [
    ['another secret', { headers: sign({ secret: 'x' }) }, 'signature-mismatch', /Compare the secret/],
    [
      'secret with a line end',
      { config: { clientSecrets: [`${SECRET}\n`] } },
      'signature-mismatch',
      /white space around it/,
    ],
    ['secret and token swapped', { headers: sign({ secret: 'the-access-token' }) }, 'signature-mismatch', /swapped/],
    [
      'http instead of https',
      { headers: sign({ url: PUBLIC_URL.replace('https', 'http') }) },
      'signature-mismatch',
      /signed for http:\/\/mesh\.example\.net\/ingest/,
    ],
    [
      'another host, told by Host',
      { headers: { ...sign({ url: `https://tunnel.example${PATH}` }), host: 'tunnel.example' } },
      'signature-mismatch',
      /signed for https:\/\/tunnel\.example\/ingest/,
    ],
    [
      'the recorded URL',
      { headers: sign({ url: 'https://old.example/hook' }), recordedUrl: 'https://old.example/hook' },
      'signature-mismatch',
      /signed for https:\/\/old\.example\/hook/,
    ],
    [
      'another port',
      { headers: { ...sign({ url: `https://mesh.example.net:8443${PATH}` }), host: 'mesh.example.net:8443' } },
      'signature-mismatch',
      /mesh\.example\.net:8443/,
    ],
    [
      'a slash at the end',
      { headers: sign({ url: `${PUBLIC_URL}/` }) },
      'signature-mismatch',
      /acme\/, but this connection/,
    ],
    [
      'another path',
      { headers: sign({ url: 'https://mesh.example.net/webhooks/a' }), url: '/webhooks/a' },
      'signature-mismatch',
      /signed for https:\/\/mesh\.example\.net\/webhooks\/a/,
    ],
    ['a query that was added', { url: `${PATH}?utm=1` }, 'signature-mismatch', /query was not part/],
    ['a line end was added', { headers: sign(), body: lined }, 'signature-mismatch', /A line end was added/],
    [
      'a line end was lost',
      { headers: sign({ body: lined }) },
      'signature-mismatch',
      /line end at the end of the body was lost/,
    ],
    [
      'a byte order mark',
      { body: Buffer.concat([Buffer.from('\uFEFF'), BODY]) },
      'signature-mismatch',
      /byte order mark was put/,
    ],
    [
      'CRLF',
      { headers: sign({ body: pretty }), body: Buffer.from(pretty.toString().replaceAll('\n', '\r\n')) },
      'signature-mismatch',
      /LF to CRLF/,
    ],
    ['JSON written anew, with indents', { body: pretty }, 'signature-mismatch', /parsed and written anew/],
    [
      'JSON written anew, without',
      { headers: sign({ body: pretty }) },
      'signature-mismatch',
      /parsed and written anew/,
    ],
    [
      'JSON with big numbers written anew',
      { headers: sign({ body: big }), body: Buffer.from(big.toString().replaceAll(',', ', ')) },
      'signature-mismatch',
      /parsed and written anew/,
    ],
    [
      'escapes replaced',
      { headers: sign({ body: Buffer.from('["\\u00df"]') }), body: Buffer.from('["ß"]') },
      'signature-mismatch',
      /Escapes/,
    ],
    [
      'encoded twice',
      { headers: sign({ body: Buffer.from('["ß"]') }), body: Buffer.from('["Ã\u009f"]') },
      'signature-mismatch',
      /Latin-1/,
    ],
    ['v1, not allowed', { headers: v1 }, 'scheme-not-allowed', /version that this connection does not accept/],
    ['no signature', { headers: {} }, 'signature-missing', /proxy drops the header/],
    [
      'an old record',
      { nowMs: SAMPLE_TIME_MS + 3 * 86_400_000 },
      'timestamp-out-of-window',
      /2026-03-24T16:00:02\.450Z; our clock says 2026-03-27.*receivedAt/,
    ],
    ['our clock is behind', { nowMs: SAMPLE_TIME_MS - 600_000 }, 'timestamp-out-of-window', /600 s in the future/],
    [
      'seconds instead of milliseconds',
      { headers: sign({ timestamp: '1774368002' }) },
      'timestamp-out-of-window',
      /counts seconds where milliseconds/,
    ],
  ];
  it.each(cases)('%s', (_name, received, code, words) => {
    const explanation = explain(received);
    expect(explanation).toMatchObject({ accepted: false, code });
    expect(`${explanation.why} ${explanation.cure}`).toMatch(words);
    expect(JSON.stringify(explanation)).not.toMatch(/the-client-secret|the-access-token|leonie/);
  });
});

it('two things are wrong', () => {
  const explanation = explain({ headers: sign({ url: PUBLIC_URL.replace('https', 'http') }), body: lined });
  expect(explanation.why).toMatch(/signed for http:.*A line end was added/);
  expect(explanation.tried.filter(({ fits }) => fits)).toHaveLength(2);
});

it('the clock and something else', () => {
  const explanation = explain({ headers: sign({ url: `${PUBLIC_URL}/` }), nowMs: SAMPLE_TIME_MS + 900_000 });
  expect(explanation.why).toMatch(/900 s in the past.*signed for/);
});

it('the clock and the secret', () => {
  const explanation = explain({ headers: sign({ secret: 'x' }), nowMs: SAMPLE_TIME_MS + 900_000 });
  expect(explanation.why).toMatch(/900 s in the past.*Nor does the signature fit/);
  expect(explanation.cure).toMatch(/Compare the secret/);
});

describe('proved, but not readable', () => {
  it('the content type', () => {
    expect(explain({ headers: { ...sign(), 'content-type': 'text/plain' } })).toMatchObject({
      accepted: false,
      code: 'media-type-unsupported',
      scheme: 'hubspot-v3',
    });
  });
  it('another portal', () => {
    expect(explain({ config: { portalId: '1' } })).toMatchObject({
      accepted: false,
      code: 'body-unreadable',
      why: expect.stringContaining('portal 24417703'),
    });
  });
});

describe('the other sources', () => {
  const ask = (
    name: string,
    config: unknown,
    headers: Record<string, string>,
    part: Partial<ExplainInput['request']> = {},
  ) =>
    explainRequest({
      source: SHIPPED_SOURCES.get(name) as Source,
      config,
      publicUrl: PUBLIC_URL,
      nowMs: SAMPLE_TIME_MS,
      request: { method: 'POST', url: PATH, headers, body: Buffer.from('{}'), ...part },
    });

  const secret = 'whsec_njpMH9Kwd4WqYLwZQf4D13JcjZDhtk8qM8gX8F1umwQ=';
  const webhooks = createConfig(StandardWebhooksConfig, { secrets: [secret] });
  const stamp = String(Math.floor(SAMPLE_TIME_MS / 1000));
  const undecoded = createHmac('sha256', secret.slice(6)).update(`m.${stamp}.{}`).digest('base64');
  const signed = new Webhook(secret).sign('m', new Date(SAMPLE_TIME_MS), '{}');
  const millis = String(SAMPLE_TIME_MS);
  const inMillis = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
    .update(`m.${millis}.{}`)
    .digest('base64');
  it.each([
    ['svix headers', { 'svix-id': 'm', 'svix-timestamp': stamp, 'svix-signature': signed }, /headerPrefix: svix/],
    [
      'a secret that was not decoded',
      { 'webhook-id': 'm', 'webhook-timestamp': stamp, 'webhook-signature': `v1,${undecoded}` },
      /must be decoded/,
    ],
    [
      'milliseconds',
      { 'webhook-id': 'm', 'webhook-timestamp': millis, 'webhook-signature': `v1,${inMillis}` },
      /counts milliseconds where seconds/,
    ],
  ])('standard-webhooks: %s', (_name, headers, words) => {
    const explanation = ask('standard-webhooks', webhooks, headers);
    expect(`${explanation.why} ${explanation.cure}`).toMatch(words);
    expect(JSON.stringify(explanation)).not.toContain(secret.slice(6, 20));
  });

  it.each([
    ['a token with a line end', { tokens: ['abc\n'] }, { authorization: 'Bearer abc' }, {}, /white space/],
    [
      'a token with its Bearer',
      { tokens: ['Bearer abc'] },
      { authorization: 'Bearer abc' },
      {},
      /begins with the word Bearer/,
    ],
    [
      'a token in the query',
      { tokens: ['abc'], queryToken: false },
      {},
      { url: `${PATH}?access_token=abc` },
      /stands in the query/,
    ],
    ['an origin', { tokens: ['abc'], requireOrigin: true }, { authorization: 'Bearer abc' }, {}, /no allowed origin/],
    ['another token', { tokens: ['abc'] }, { authorization: 'Bearer xyz' }, {}, /Compare the token/],
  ])('cloudevents: %s', (...[, config, headers, part, words]) => {
    const explanation = ask(
      'cloudevents',
      createConfig(CloudEventsConfig, config),
      headers as Record<string, string>,
      part,
    );
    expect(explanation.accepted).toBe(false);
    expect(`${explanation.why} ${explanation.cure}`).toMatch(words);
    expect(JSON.stringify(explanation)).not.toMatch(/abc|xyz/);
  });
});
