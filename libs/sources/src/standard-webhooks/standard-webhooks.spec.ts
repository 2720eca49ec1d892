import type { VerificationFailure } from '@crm-mesh/sdk';
import { plainToInstance } from 'class-transformer';
import * as fc from 'fast-check';
import { createPrivateKey, sign } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import {
  createConfig,
  createContext,
  createRequest,
  listErrors,
  readSample,
  readSampleJson,
  toNotification,
} from '../../test/context.js';
import { StandardWebhooksConfig } from './config.js';
import { standardWebhooksSource as source } from './index.js';
import { verifyStandardWebhook } from './verify.js';

interface Vector {
  name: string;
  secrets: string[];
  headers: Record<string, string>;
  bodyFile: string;
  bodyBase64: string;
  nowSeconds: number;
  expect: 'accept' | 'reject';
}

const { vectors, ed25519 } = readSampleJson<{ vectors: Vector[]; ed25519: { seedHex: string; publicKeyHex: string } }>(
  'generic/signature-vectors.json',
);
const SECRET = vectors[0]!.secrets[0]!;
const OTHER_SECRET = 'whsec_EXjT8KVr4slNgDefshVuwNpEAfOGfrlcINeoPmT5sFE=';
const NOW_SECONDS = 1_774_368_004;
const PUBLIC_KEY = `whpk_${Buffer.from(ed25519.publicKeyHex, 'hex').toString('base64')}`;

function verify(
  headers: Record<string, string | undefined>,
  part: { body?: string | Uint8Array; config?: object; nowMs?: number } = {},
) {
  const config = createConfig(StandardWebhooksConfig, { secrets: [SECRET], ...part.config });
  return verifyStandardWebhook(
    createRequest({ headers, body: part.body ?? '{}' }),
    createContext(config, { nowMs: part.nowMs ?? NOW_SECONDS * 1000 }),
  );
}

describe('the shared signature vectors', () => {
  it.each(vectors)('$name: $expect', (vector) => {
    const body = Buffer.from(vector.bodyBase64, 'base64');
    expect(body).toEqual(readSample(`generic/${vector.bodyFile}`));
    const verdict = verify(vector.headers, {
      body,
      config: { secrets: vector.secrets },
      nowMs: vector.nowSeconds * 1000,
    });
    expect(verdict.ok).toBe(vector.expect === 'accept');
  });

  it('has at least thirteen', () => expect(vectors.length).toBeGreaterThanOrEqual(13));
});

function signWith(secret: string, part: { id?: string; timestamp?: number; body?: string } = {}) {
  const { id = 'msg_1', timestamp = NOW_SECONDS, body = '{}' } = part;
  const signature = new Webhook(secret).sign(id, new Date(timestamp * 1000), body);
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signature };
}

function signEd25519(content: string): string {
  const der = Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    Buffer.from(ed25519.seedHex, 'hex'),
  ]);
  return `v1a,${sign(null, Buffer.from(content), createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).toString('base64')}`;
}

it('agrees with the official library on v1', () => {
  const bytes = fc.uint8Array({ minLength: 24, maxLength: 64 });
  fc.assert(
    fc.property(bytes, fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[A-Za-z0-9_-]{1,30}$/), (key, body, id) => {
      const secret = `whsec_${Buffer.from(key).toString('base64')}`;
      const verdict = verify(signWith(secret, { id, body }), { body, config: { secrets: [secret] } });
      expect(verdict).toEqual({ ok: true, scheme: 'standard-webhooks-v1' });
    }),
  );
});

describe('v1a', () => {
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(NOW_SECONDS),
    'webhook-signature': signEd25519(`msg_1.${NOW_SECONDS}.{}`),
  };
  it('accepts the sender’s signature', () =>
    expect(verify(headers, { config: { secrets: [PUBLIC_KEY] } })).toEqual({
      ok: true,
      scheme: 'standard-webhooks-v1a',
    }));
  it('refuses it over another body', () =>
    expect(verify(headers, { config: { secrets: [PUBLIC_KEY] }, body: '{ }' })).toMatchObject({
      code: 'signature-mismatch',
    }));
  it('accepts either of both kinds', () => {
    const both = {
      ...headers,
      'webhook-signature': `${headers['webhook-signature']} ${signWith(OTHER_SECRET)['webhook-signature']}`,
    };
    expect(verify(both, { config: { secrets: [PUBLIC_KEY] } }).ok).toBe(true);
    expect(verify(both, { config: { secrets: [OTHER_SECRET] } }).ok).toBe(true);
    expect(verify(both, { config: { secrets: [SECRET] } }).ok).toBe(false);
  });
  it('is not allowed without a public key', () =>
    expect(verify(headers)).toMatchObject({ code: 'scheme-not-allowed' }));
});

describe('what is refused, and why', () => {
  const good = signWith(SECRET);
  const cases: [string, Record<string, string | undefined>, VerificationFailure][] = [
    ['no id', { ...good, 'webhook-id': undefined }, 'signature-missing'],
    ['a dot in the id', signWith(SECRET, { id: 'a.b' }), 'signature-malformed'],
    ['no timestamp', { ...good, 'webhook-timestamp': undefined }, 'timestamp-missing'],
    ['NaN', { ...good, 'webhook-timestamp': 'NaN' }, 'timestamp-malformed'],
    ['1e9', { ...good, 'webhook-timestamp': '1.774368004e9' }, 'timestamp-malformed'],
    ['milliseconds', signWith(SECRET, { timestamp: NOW_SECONDS * 1000 }), 'timestamp-out-of-window'],
    ['301 s old', signWith(SECRET, { timestamp: NOW_SECONDS - 301 }), 'timestamp-out-of-window'],
    ['301 s ahead', signWith(SECRET, { timestamp: NOW_SECONDS + 301 }), 'timestamp-out-of-window'],
    ['no signature', { ...good, 'webhook-signature': undefined }, 'signature-missing'],
    ['an empty signature', { ...good, 'webhook-signature': 'v1,' }, 'signature-malformed'],
    ['a bare signature', { ...good, 'webhook-signature': good['webhook-signature'].slice(3) }, 'signature-malformed'],
    [
      'a doubled header',
      { ...good, 'webhook-signature': `${good['webhook-signature']}, ${good['webhook-signature']}` },
      'signature-mismatch',
    ],
    ['another secret', signWith(OTHER_SECRET), 'signature-mismatch'],
  ];
  it.each(cases.filter(([name]) => name !== 'a doubled header'))('%s', (_name, headers, code) =>
    expect(verify(headers)).toMatchObject({ ok: false, code }),
  );

  it.each([-300, 300])('%i s are allowed', (offset) =>
    expect(verify(signWith(SECRET, { timestamp: NOW_SECONDS + offset })).ok).toBe(true),
  );
});

it('reads headers of another name', () => {
  const headers = Object.fromEntries(
    Object.entries(signWith(SECRET)).map(([name, value]) => [name.replace('webhook', 'svix'), value]),
  );
  expect(verify(headers, { config: { headerPrefix: 'svix' } }).ok).toBe(true);
  expect(verify(headers).ok).toBe(false);
});

it.each([
  [{ secrets: ['not base64!'] }],
  [{ secrets: ['whsec_AAAA'] }],
  [{ secrets: ['whpk_AAAA'] }],
  [{ secrets: [] }],
  [{ secrets: [SECRET], headerPrefix: 'X-Hook' }],
])('the configuration %o is refused', (plain) =>
  expect(listErrors(plainToInstance(StandardWebhooksConfig, plain))).not.toEqual([]),
);

describe('the samples, as canonical records', () => {
  it.each([
    [
      'contact-created',
      'contact',
      {
        id: 'C-1',
        email: 'leonie.hartwig@brightwater-ceramics.example',
        firstName: 'Leonie',
        lastName: 'Hartwig',
        modifiedAt: '2026-03-10T09:14:22.187Z',
      },
    ],
    [
      'contact-updated',
      'contact',
      {
        id: 'C-1',
        jobTitle: 'Head of Procurement',
        lastName: 'Großmann-Łukasiewicz',
        modifiedAt: '2026-03-11T13:02:45.900Z',
      },
    ],
    ['contact-deleted', 'contact', undefined],
    [
      'company-updated',
      'company',
      {
        id: 'A-1',
        name: 'Brightwater Ceramics GmbH',
        annualRevenue: { value: '18400000.00', currency: 'EUR' },
        modifiedAt: '2026-03-12T07:45:10.250Z',
      },
    ],
    [
      'deal-stage-changed',
      'deal',
      {
        id: 'D-1',
        stage: 'contract-sent',
        custom: { previousStage: 'proposal' },
        modifiedAt: '2026-03-16T11:20:31.665Z',
      },
    ],
    [
      'deal-closed-won',
      'deal',
      {
        id: 'D-1',
        amount: { value: '48500.00', currency: 'EUR' },
        stage: 'won',
        status: 'won',
        modifiedAt: '2026-03-24T15:59:58.120Z',
      },
    ],
  ])('%s', async (name, entity, record) => {
    const context = createContext(
      createConfig(StandardWebhooksConfig, { secrets: [SECRET], mapping: { payload: 'patch' } }),
    );
    const request = createRequest({
      headers: { 'webhook-id': 'msg_1' },
      body: readSample(`generic/standard-webhook-${name}.json`),
    });
    const [draft] = source.split!(request, context);
    expect(draft).toMatchObject({ entity, dedupeKey: 'msg_1' });
    const mapped = await source.map({ notification: toNotification(draft!), fetched: undefined }, context);
    expect(mapped).toMatchObject(
      record ? { state: 'present', record, patch: true } : { state: 'deleted', modifiedAt: '2026-03-19T16:40:03.512Z' },
    );
  });
});
