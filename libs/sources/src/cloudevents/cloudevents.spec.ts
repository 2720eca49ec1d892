import type { MeshError } from '@crm-mesh/contract';
import { CloudEvent, HTTP } from 'cloudevents';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createConfig,
  createContext,
  createRequest,
  listRecordErrors,
  readSample,
  readSampleJson,
  toNotification,
} from '../../test/context.js';
import { CloudEventsConfig } from './config.js';
import { cloudEventsSource as source } from './index.js';
import { answerHandshake, verifyCloudEvents } from './verify.js';

const TOKEN = 'q8Zr1tWv0c';

function configure(part: object = {}): CloudEventsConfig {
  return createConfig(CloudEventsConfig, {
    tokens: [TOKEN],
    mapping: { typePrefix: 'com.example.crm.', payload: 'patch' },
    ...part,
  });
}

/** What the publisher answers, by what the source says. */
function receive(request: ReturnType<typeof createRequest>, config: CloudEventsConfig) {
  const context = createContext(config);
  const verdict = source.verify!(request, context);
  if (!verdict.ok) return { status: verdict.code === 'origin-not-allowed' ? 403 : 401, drafts: [] };
  try {
    return { status: 202, drafts: source.split!(request, context) };
  } catch (error) {
    return { status: (error as MeshError).code === 'MESH_MEDIA_TYPE_UNSUPPORTED' ? 415 : 400, drafts: [], error };
  }
}

interface Vector {
  name: string;
  method: string;
  url?: string;
  headers: Record<string, string>;
  body?: string;
  bodyFile?: string;
  expect: string;
  status: number;
  decodedSubject?: string;
}

const { vectors } = readSampleJson<{ vectors: Vector[] }>('generic/cloudevent-http-vectors.json');

describe('the shared HTTP vectors', () => {
  it.each(vectors)('$name: $expect', (vector) => {
    // The one body that the samples name without having it: an empty batch.
    const body =
      vector.bodyFile === 'cloudevent-batch-empty.json'
        ? '[]'
        : (vector.body ?? readSample(`generic/${vector.bodyFile}`));
    const url = new URL(vector.url ?? 'https://mesh.example.net/ingest/generic/acme');
    const request = createRequest({
      method: vector.method,
      url: url.pathname + url.search,
      headers: vector.headers,
      body,
    });
    const config = configure({
      allowedOrigins: ['erp-bridge.example.com'],
      requireOrigin: vector.name === 'no-origin-after-handshake',
    });
    const { status, drafts } = receive(request, config);
    expect(status).toBe(vector.status);
    const expected = Number(/^(\d+)/.exec(vector.expect)?.[1] ?? 0);
    expect(new Set(drafts.map(({ dedupeKey }) => dedupeKey)).size).toBe(expected);
    const subject = vector.decodedSubject;
    expect(drafts[0]?.payload ?? {}).toMatchObject(subject === undefined ? {} : { subject });
  });
});

interface Handshake {
  name: string;
  request: { method: string; headers: Record<string, string> };
  response: { status: number; headers: Record<string, string> };
}

describe('the shared handshake vectors', () => {
  const { vectors: handshakes } = readSampleJson<{ vectors: Handshake[] }>('generic/cloudevent-options-handshake.json');
  const settings: Record<string, object> = {
    'any origin, no rate limit': { allowedOrigins: ['*'] },
    'grant later by callback': { allowedOrigins: ['somebody.example.com'] },
  };
  it.each(handshakes)('$name', ({ name, request, response }) => {
    const config = configure(settings[name] ?? { allowedOrigins: ['erp-bridge.example.com'], allowedRate: 100 });
    expect(answerHandshake(createRequest(request), createContext(config))).toEqual(response);
  });

  it('is not supported where no origins are configured', () => {
    const request = createRequest({ method: 'OPTIONS', headers: { 'webhook-request-origin': 'x.example' } });
    expect(answerHandshake(request, createContext(configure()))).toEqual({ status: 405, headers: { allow: 'POST' } });
  });

  it.each([
    ['50', '50'],
    ['0', '100'],
    ['many', '100'],
  ])('a rate of %s is granted as %s', (asked, granted) => {
    const request = createRequest({
      headers: { 'webhook-request-origin': 'X.example', 'webhook-request-rate': asked },
    });
    const reply = answerHandshake(
      request,
      createContext(configure({ allowedOrigins: ['x.example'], allowedRate: 100 })),
    );
    expect(reply.headers).toMatchObject({ 'webhook-allowed-rate': granted, 'webhook-allowed-origin': 'X.example' });
  });
});

describe('tokens', () => {
  const verify = (part: Parameters<typeof createRequest>[0], config: object = {}) =>
    verifyCloudEvents(createRequest(part), createContext(configure(config)));
  it.each([
    ['Bearer', { headers: { authorization: `Bearer ${TOKEN}` } }, { ok: true, scheme: 'bearer' }],
    ['bearer in lower case', { headers: { authorization: `bearer ${TOKEN}` } }, { ok: true, scheme: 'bearer' }],
    ['the query', { url: `/x?a=1&access_token=${TOKEN}` }, { ok: true, scheme: 'access-token' }],
    [
      'both',
      { url: `/x?access_token=${TOKEN}`, headers: { authorization: `Bearer ${TOKEN}` } },
      { ok: false, code: 'credentials-mismatch' },
    ],
    ['none', {}, { ok: false, code: 'credentials-missing' }],
    ['another scheme', { headers: { authorization: `Basic ${TOKEN}` } }, { ok: false, code: 'credentials-mismatch' }],
    ['another token', { headers: { authorization: 'Bearer other' } }, { ok: false, code: 'credentials-mismatch' }],
    ['a longer token', { headers: { authorization: `Bearer ${TOKEN}x` } }, { ok: false, code: 'credentials-mismatch' }],
    [
      'a doubled header',
      { headers: { authorization: `Bearer ${TOKEN}, Bearer ${TOKEN}` } },
      { ok: false, code: 'credentials-mismatch' },
    ],
    ['an empty token', { headers: { authorization: 'Bearer ' } }, { ok: false, code: 'credentials-mismatch' }],
  ])('%s', (_name, part, expected) => expect(verify(part)).toMatchObject(expected));

  it('two live ones', () => {
    const config = { tokens: ['new', TOKEN] };
    for (const token of config.tokens)
      expect(verify({ headers: { authorization: `Bearer ${token}` } }, config).ok).toBe(true);
  });

  it('the query only where it is allowed', () => {
    expect(verify({ url: `/x?access_token=${TOKEN}` }, { queryToken: false })).toMatchObject({
      code: 'credentials-missing',
    });
  });
});

function send(event: unknown, contentType = 'application/cloudevents+json') {
  return receive(
    createRequest({
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': contentType },
      body: JSON.stringify(event),
    }),
    configure(),
  );
}

describe('events', () => {
  const event = { specversion: '1.0', id: 'a', source: '/s', type: 'contact.updated', data: { id: 'C-1' } };
  it.each([
    ['an unknown extension is kept', { ...event, traceparent: 'x', anything: 1 }, 202],
    ['an attribute that is null counts as absent', { ...event, subject: null, dataschema: null }, 202],
    ['an empty source', { ...event, source: '' }, 400],
    ['a source with blanks', { ...event, source: 'a b' }, 400],
    ['a number as id', { ...event, id: 5 }, 400],
    ['a time that is none', { ...event, time: 'yesterday' }, 400],
    ['an extension in upper case', { ...event, Foo: 'x' }, 400],
    ['an extension that is an object', { ...event, foo: {} }, 400],
    ['an unknown type', { ...event, type: 'contact.exploded' }, 400],
    ['no id anywhere', { ...event, data: {} }, 400],
    ['a list', [event], 400],
    ['base64 JSON', { ...event, data: undefined, data_base64: Buffer.from('{"id":"C-9"}').toString('base64') }, 202],
    ['base64 that is no JSON', { ...event, data: undefined, data_base64: 'AA==' }, 400],
    [
      'base64 of something else',
      { ...event, subject: 'x/1', datacontenttype: 'image/png', data: undefined, data_base64: 'AA==' },
      202,
    ],
  ])('%s', (_name, sent, status) => expect(send(sent).status).toBe(status));

  it.each([
    ['text in binary mode', 'text/plain', 415],
    ['XML in structured mode', 'application/cloudevents+xml', 415],
    ['a batch in XML', 'application/cloudevents-batch+xml', 415],
    ['JSON of a vendor', 'application/vnd.x+json', 202],
  ])('%s', (_name, contentType, status) => {
    const headers = {
      authorization: `Bearer ${TOKEN}`,
      'content-type': contentType,
      'ce-id': 'a',
      'ce-source': '/s',
      'ce-type': 'contact.updated',
      'ce-specversion': '1.0',
    };
    expect(receive(createRequest({ headers, body: '{"id":"C-1"}' }), configure()).status).toBe(status);
  });

  it('plain JSON without attributes: the error says what is missing', () => {
    expect((send(event.data, 'application/json').error as Error).message).toContain('no ce-… headers');
  });

  it('unknown types can be left out instead', () => {
    const request = createRequest({
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify({ ...event, type: 'x' }),
    });
    expect(receive(request, configure({ mapping: { unknownTypes: 'ignore' } }))).toEqual({ status: 202, drafts: [] });
  });

  it('an error names the attribute and not its value', () => {
    const { message } = send({ ...event, time: 'secret-value' }).error as Error;
    expect(message).toContain('time');
    expect(message).not.toContain('secret-value');
  });

  it('reads what the official SDK writes, in both modes', () => {
    const written = new CloudEvent({
      ...event,
      time: '2026-03-24T15:59:58.120Z',
      subject: 'contacts/C-1',
      datacontenttype: 'application/json',
    });
    for (const message of [HTTP.structured(written), HTTP.binary(written)]) {
      const headers = Object.fromEntries(
        Object.entries(message.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
      );
      const { drafts } = receive(
        createRequest({ headers: { ...headers, authorization: `Bearer ${TOKEN}` }, body: message.body as string }),
        configure(),
      );
      expect(drafts).toMatchObject([
        {
          entity: 'contact',
          id: 'C-1',
          change: 'updated',
          dedupeKey: '/s a',
          modifiedAt: '2026-03-24T15:59:58.120Z',
          payload: { data: { id: 'C-1' } },
        },
      ]);
    }
  });

  it('a quoted header value', () => {
    const headers = {
      authorization: `Bearer ${TOKEN}`,
      'ce-id': '"a\\"b"',
      'ce-source': '/s',
      'ce-type': 'contact.deleted',
      'ce-specversion': '1.0',
      'ce-subject': 'x/%E2%82%AC',
    };
    expect(receive(createRequest({ headers }), configure()).drafts).toMatchObject([{ id: '€', dedupeKey: '/s a"b' }]);
    expect(receive(createRequest({ headers: { ...headers, 'ce-subject': '%E2%82' } }), configure()).status).toBe(400);
  });

  it('the key is source and id, whatever else is told and in whatever order', () => {
    const text = fc.stringMatching(/^[a-z0-9:/]{1,8}$/);
    fc.assert(
      fc.property(text, text, text, text, (source1, id1, source2, id2) => {
        const keyOf = (from: string, id: string, part: object) =>
          send({ ...part, ...event, source: from, id }).drafts[0]?.dedupeKey;
        const [one, two] = [keyOf(source1, id1, { attempt: 1 }), keyOf(source2, id2, { attempt: 2 })];
        fc.pre(one !== undefined && two !== undefined);
        expect(one === two).toBe(source1 === source2 && id1 === id2);
      }),
    );
  });
});

describe('the samples, as canonical records', () => {
  it.each([
    [
      'contact-created',
      { entity: 'contact', id: 'C-1', change: 'created', modifiedAt: '2026-03-10T09:14:22.187Z' },
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
      { entity: 'contact', id: 'C-1', change: 'updated', modifiedAt: '2026-03-11T13:02:45.900Z' },
      {
        id: 'C-1',
        jobTitle: 'Head of Procurement',
        lastName: 'Großmann-Łukasiewicz',
        modifiedAt: '2026-03-11T13:02:45.900Z',
      },
    ],
    [
      'contact-deleted',
      { entity: 'contact', id: 'C-1', change: 'deleted', modifiedAt: '2026-03-19T16:40:03.512Z' },
      undefined,
    ],
    [
      'company-updated',
      { entity: 'company', id: 'A-1', change: 'updated', modifiedAt: '2026-03-12T07:45:10.250Z' },
      {
        id: 'A-1',
        name: 'Brightwater Ceramics GmbH',
        annualRevenue: { value: '18400000.00', currency: 'EUR' },
        modifiedAt: '2026-03-12T07:45:10.250Z',
      },
    ],
    [
      'deal-stage-changed',
      { entity: 'deal', id: 'D-1', change: 'updated', modifiedAt: '2026-03-16T11:20:31.665Z' },
      {
        id: 'D-1',
        stage: 'contract-sent',
        custom: { previousStage: 'proposal' },
        modifiedAt: '2026-03-16T11:20:31.665Z',
      },
    ],
    [
      'deal-closed-won',
      { entity: 'deal', id: 'D-1', change: 'updated', modifiedAt: '2026-03-24T15:59:58.120Z' },
      {
        id: 'D-1',
        amount: { value: '48500.00', currency: 'EUR' },
        stage: 'won',
        status: 'won',
        modifiedAt: '2026-03-24T15:59:58.120Z',
      },
    ],
  ])('%s', async (name, expected, record) => {
    const body = readSample(`generic/cloudevent-structured-${name}.json`);
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/cloudevents+json' };
    const [draft] = receive(createRequest({ headers, body }), configure()).drafts;
    expect(draft).toMatchObject({ ...expected, payload: JSON.parse(body.toString()) as object });
    const mapped = await source.map(
      { notification: toNotification(draft!), fetched: undefined },
      createContext(configure()),
    );
    const { modifiedAt } = expected;
    expect(mapped).toEqual(
      record ? { state: 'present', record, modifiedAt, patch: true, cleared: [] } : { state: 'deleted', modifiedAt },
    );
    // A patch of a deal need not say its status; other records have none.
    const errors = listRecordErrors(expected.entity, { status: 'open', ...(record ?? { id: '1' }) });
    expect(errors.filter((error) => !error.startsWith('status: property'))).toEqual([]);
  });
});
