import type { MappedRecord } from '@crm-mesh/sdk';
import { plainToInstance } from 'class-transformer';
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  createConfig,
  createContext,
  createRequest,
  listErrors,
  readSampleJson,
  toNotification,
} from '../../test/context.js';
import { HmacConfig } from './config.js';
import { hmacSource as source } from './index.js';
import { verifyHmac } from './verify.js';

interface Vector {
  name: string;
  secret: string;
  secrets?: string[];
  method: string;
  headers: Record<string, string>;
  bodyBase64: string;
  nowSeconds?: number;
  expect: 'accept' | 'accept-as-duplicate' | 'reject';
}

/** CRMs of the reference whose scheme this source speaks by configuration alone. */
const VENDORS: Record<string, object> = {
  attio: {},
  close: {
    header: 'close-sig-hash',
    secretEncoding: 'hex',
    signed: '{timestamp}{body}',
    timestamp: { header: 'close-sig-timestamp' },
  },
};

const vectors = Object.entries(VENDORS).flatMap(([vendor, config]) =>
  readSampleJson<{ vectors: Vector[] }>(`${vendor}/signature-vectors.json`).vectors.map((vector) => ({
    ...vector,
    vendor,
    config,
  })),
);

describe('the shared vectors', () => {
  it.each(vectors)('$vendor: $name → $expect', (vector) => {
    const nowMs = (vector.nowSeconds ?? 1_774_368_002) * 1_000;
    const headers = Object.fromEntries(
      Object.entries(vector.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    // Attio names its header in two ways.
    const header = ['attio-signature', 'x-attio-signature'].find((name) => name in headers) ?? 'attio-signature';
    const secrets = vector.secrets ?? [vector.secret];
    const config = createConfig(HmacConfig, { secrets, header, ...vector.config });
    const request = createRequest({ method: vector.method, headers, body: Buffer.from(vector.bodyBase64, 'base64') });
    expect(verifyHmac(request, createContext(config, { nowMs })).ok).toBe(vector.expect.startsWith('accept'));
  });
});

const BODY = '{"type":"deal.won","timestamp":"2026-03-24T15:59:58Z","data":{"id":9007199254740993,"name":"Kiln"}}';
const URL_TOLD = 'https://mesh.example.net/ingest/hubspot/acme';

function sign(content: string, algorithm: string, key: string | Buffer = 'secret', encoding: 'hex' | 'base64' = 'hex') {
  return createHmac(algorithm, key).update(content).digest(encoding);
}

describe('a scheme by configuration', () => {
  const nowSeconds = '1774368002';
  it.each<[string, object, Record<string, string>, string]>([
    [
      'sha512 in base64',
      { algorithm: 'sha512', encoding: 'base64' },
      { sig: sign(BODY, 'sha512', 'secret', 'base64') },
      'ok',
    ],
    ['sha1 with a prefix', { algorithm: 'sha1', prefix: 'sha1=' }, { sig: `sha1=${sign(BODY, 'sha1')}` }, 'ok'],
    ['the prefix missing', { prefix: 'sha256=' }, { sig: sign(BODY, 'sha256') }, 'signature-malformed'],
    ['another length', {}, { sig: sign(BODY, 'sha1') }, 'signature-malformed'],
    ['a doubled header', {}, { sig: `${sign(BODY, 'sha256')}, ${sign(BODY, 'sha256')}` }, 'signature-malformed'],
    ['no header', {}, {}, 'signature-missing'],
    ['another secret', {}, { sig: sign(BODY, 'sha256', 'other') }, 'signature-mismatch'],
    ['the second of two secrets', { secrets: ['new', 'secret'] }, { sig: sign(BODY, 'sha256') }, 'ok'],
    [
      'a secret in base64',
      { secrets: ['AAECAw=='], secretEncoding: 'base64' },
      { sig: sign(BODY, 'sha256', Buffer.from([0, 1, 2, 3])) },
      'ok',
    ],
    [
      'method, address with query and body',
      { signed: '{method} {url}\n{body}' },
      { sig: sign(`POST ${URL_TOLD}?a=1\n${BODY}`, 'sha256') },
      'ok',
    ],
    [
      'a time in the window',
      { signed: '{timestamp}.{body}', timestamp: { header: 'ts' } },
      { ts: nowSeconds, sig: sign(`${nowSeconds}.${BODY}`, 'sha256') },
      'ok',
    ],
    [
      'a time out of the window',
      { signed: '{timestamp}.{body}', timestamp: { header: 'ts', toleranceSeconds: 10 } },
      { ts: '1774367990', sig: sign(`1774367990.${BODY}`, 'sha256') },
      'timestamp-out-of-window',
    ],
    ['no time', { timestamp: { header: 'ts' } }, { sig: sign(BODY, 'sha256') }, 'timestamp-missing'],
  ])('%s', (_name, part, headers, expected) => {
    const config = createConfig(HmacConfig, { secrets: ['secret'], header: 'sig', ...part });
    const request = createRequest({ url: '/x?a=1', headers, body: BODY });
    const verification = verifyHmac(request, createContext(config));
    expect(verification.ok ? 'ok' : verification.code).toBe(expected);
  });

  it.each([
    ['nothing of the body', { signed: '{timestamp}', timestamp: { header: 'ts' } }],
    ['an unknown placeholder', { signed: '{body}{path}' }],
    ['a time that no header tells', { signed: '{timestamp}{body}' }],
    ['a header in capitals', { header: 'X-Sig' }],
  ])('is refused that signs %s', (_name, part) =>
    expect(listErrors(plainToInstance(HmacConfig, { secrets: ['s'], header: 'sig', ...part }))).not.toEqual([]),
  );
});

describe('its events', () => {
  const configure = (part: object = {}) => createConfig(HmacConfig, { secrets: ['secret'], header: 'sig', ...part });
  const split = (body: unknown, part?: object, headers: Record<string, string> = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return source.split!(createRequest({ body: text, headers }), createContext(configure(part)));
  };

  it('are told with ids past 2^53, and the same content is the same event', () => {
    const [first] = split(BODY);
    expect(first).toMatchObject({ entity: 'deal', id: '9007199254740993', change: 'updated' });
    expect(first!.modifiedAt).toBe('2026-03-24T15:59:58.000Z');
    expect(split(BODY)[0]!.dedupeKey).toBe(first!.dedupeKey);
    expect(split(BODY.replace('Kiln', 'Oven'))[0]!.dedupeKey).not.toBe(first!.dedupeKey);
  });

  it('may be several, with ids of their own, and hold the record flat', async () => {
    const part = {
      events: 'items',
      type: 'what',
      eventId: 'nr',
      mapping: {
        types: { sold: 'deal.won' },
        id: 'key',
        record: '.',
        entities: { deal: { fields: { name: 'title' } } },
      },
    };
    const drafts = split({ items: [1, 2].map((nr) => ({ nr, what: 'sold', key: `D-${nr}`, title: 'Kiln' })) }, part);
    expect(drafts.map(({ id, dedupeKey }) => [id, dedupeKey])).toEqual([
      ['D-1', '1'],
      ['D-2', '2'],
    ]);
    const input = { notification: toNotification(drafts[0]!), fetched: undefined };
    const mapped = (await source.map(input, createContext(configure(part)))) as Extract<
      MappedRecord,
      { state: 'present' }
    >;
    expect(mapped.record).toMatchObject({ id: 'D-1', name: 'Kiln', status: 'won' });
  });

  it('may have the id of their delivery in a header', () => {
    const part = { events: 'events', eventIdHeader: 'idempotency-key' };
    const events = ['1', '2'].map((id) => ({ type: 'deal.updated', data: { id } }));
    const drafts = split({ events }, part, { 'idempotency-key': 'abc' });
    expect(drafts.map(({ dedupeKey }) => dedupeKey)).toEqual(['abc 0', 'abc 1']);
    expect(() => split({ events }, part)).toThrow('MESH_NOTIFICATION_INVALID');
  });

  it('may have their type in a header', () =>
    expect(split({ data: { id: '1' } }, { typeHeader: 'x-event' }, { 'x-event': 'contact.deleted' })).toMatchObject([
      { entity: 'contact', change: 'deleted' },
    ]));

  it.each([
    ['no event', '[1]', {}],
    ['no id of its own', BODY, { eventId: 'nr' }],
    ['no JSON', '{', {}],
  ])('are refused with %s', (_name, body, part) =>
    expect(() => split(body, part)).toThrow('MESH_NOTIFICATION_INVALID'),
  );
});
