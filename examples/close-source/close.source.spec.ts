import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ScanPage } from '@crm-mesh/sdk';
import { testSource, type RequestSample, type SignatureSample, type SourceSamples } from '@crm-mesh/sdk/testing';
import source from './close.source.js';

const SAMPLES = join(import.meta.dirname, '../../test/samples/close');
const GOLDEN = join(import.meta.dirname, 'golden');
const read = (path: string): Buffer => readFileSync(join(SAMPLES, path));
const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8')) as unknown;

interface Vector {
  name: string;
  secret: string;
  url: string;
  headers: Record<string, string>;
  bodyBase64: string;
  nowSeconds: number;
  expect: 'accept' | 'reject';
}

const { vectors } = readJson(join(SAMPLES, 'signature-vectors.json')) as { vectors: Vector[] };

const signatures = vectors.map((vector): SignatureSample => ({
  name: vector.name,
  request: {
    url: new URL(vector.url).pathname,
    headers: vector.headers,
    body: Buffer.from(vector.bodyBase64, 'base64'),
  },
  nowMs: vector.nowSeconds * 1_000,
  config: { signatureKeys: [vector.secret] },
  expect: vector.expect,
}));

/** What each sample of a webhook comes to. */
const requests = readdirSync(GOLDEN).map((file): RequestSample => ({
  name: file,
  request: { body: read(file) },
  notifications: [readJson(join(GOLDEN, file)) as RequestSample['notifications'][number]],
}));

/** The event log as Close gives it: newest first, by cursor. */
interface LogEvent {
  id: string;
  object_type: string;
  object_id: string;
  date_updated: string;
}
const { data: recorded } = JSON.parse(read('api-event-log-page.json').toString()) as { data: LogEvent[] };
const MINUTE_MS = 60_000;
const TO_MS = Date.parse('2026-03-24T16:00:00Z');
const toNaive = (ms: number): string => new Date(ms).toISOString().replace('Z', '000');
const log = ['lead', 'contact', 'opportunity'].flatMap((type) =>
  Array.from({ length: 7 }, (_, index): LogEvent => ({
    ...recorded[0]!,
    ...{
      id: `ev_${type}${index}`,
      object_type: type,
      object_id: `${type}_${index}`,
      date_updated: toNaive(TO_MS - index * MINUTE_MS),
    },
  })),
);
// After the window: for the next one.
log.push({ ...recorded[0]!, id: 'ev_late', object_id: 'oppo_late', date_updated: toNaive(TO_MS + MINUTE_MS) });

let pageSize = 50;
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://close');
  const isKnown = request.headers.authorization === `Basic ${Buffer.from('api_key:').toString('base64')}`;
  const answer = isKnown ? findAnswer(url) : undefined;
  response.writeHead(!isKnown ? 401 : answer ? 200 : 404, { ratelimit: 'limit=100, remaining=50, reset=5' });
  response.end(JSON.stringify(answer ?? { error: 'no' }));
});

/** What there is, as Close lists it: by the number of the row. */
const objects = Object.fromEntries(
  Object.entries({ lead: 'lead-updated', contact: 'contact-updated', opportunity: 'opportunity-closed-won' }).map(
    ([type, file]) => {
      const { event } = readJson(join(SAMPLES, `${file}.json`)) as { event: { data: object } };
      return [type, Array.from({ length: 7 }, (_, index) => ({ ...event.data, id: `${type}_${index}` }))];
    },
  ),
);

function findList(type: string, { searchParams }: URL): object | undefined {
  const skip = Number(searchParams.get('_skip'));
  const end = skip + Math.min(pageSize, Number(searchParams.get('_limit')));
  const wanted = searchParams.get('_fields')?.split(',');
  const pick = (row: object) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => wanted?.includes(name) ?? true));
  return objects[type] && { data: objects[type].slice(skip, end).map(pick), has_more: end < objects[type].length };
}

function findAnswer(url: URL): object | undefined {
  const list = /^\/api\/v1\/(lead|contact|opportunity)\/$/.exec(url.pathname)?.[1];
  if (list) return findList(list, url);
  if (url.pathname === '/api/v1/contact/cont_2xTf8MbW4kQn6VzRc0LsPd/') {
    return (JSON.parse(read('contact-updated.json').toString()) as { event: { data: object } }).event.data;
  }
  if (url.pathname !== '/api/v1/event/') return undefined;
  const {
    object_type: type,
    date_updated__gte: from = '',
    _cursor: cursor = '0',
  } = Object.fromEntries(url.searchParams);
  const found = log
    .filter((event) => event.object_type === type && event.date_updated >= from)
    .toSorted((a, b) => (a.date_updated < b.date_updated ? 1 : -1));
  const end = Number(cursor) + pageSize;
  return { data: found.slice(Number(cursor), end), cursor_next: end < found.length ? String(end) : null };
}

await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
afterAll(() => void server.close());

const samples: SourceSamples = {
  config: {
    signatureKeys: ['4f1d9c07a3be5826e0d1f7429b6c835ad2e40f9617bc38a5640de1927f5b3c8a'],
    apiKey: 'api_key',
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  },
  nowMs: TO_MS,
  requests,
  signatures,
  fetches: [{ entity: 'contact', ids: ['cont_2xTf8MbW4kQn6VzRc0LsPd'], unknownIds: ['cont_none'] }],
  walks: ['lead', 'contact', 'opportunity'].flatMap((type) => {
    const ids = objects[type]!.map(({ id }) => id);
    const entity = { lead: 'company', opportunity: 'deal' }[type] ?? type;
    const pages = { entity, pageSizes: [1, 2, 50], usePageSize: (size: number) => void (pageSize = size) };
    return [
      { of: 'poll' as const, ...pages, fromMs: TO_MS - 5 * MINUTE_MS, toMs: TO_MS, ids: ids.slice(0, 6) },
      { of: 'scan' as const, ...pages, ids },
      { of: 'scan' as const, ...pages, fields: 'versions' as const, ids },
    ];
  }),
};

describe('Close', () => {
  it.each(testSource(source, samples))('$name', ({ run }) => run());

  it('lists what moved up because others were deleted between two pages', async () => {
    const rows = Array.from({ length: 300 }, (_, index) => ({ id: `lead_${index}`, date_updated: toNaive(TO_MS) }));
    const all = rows.map(({ id }) => id);
    const api = {
      request: ({ query: { _skip: skip, _limit: limit } }: { query: Record<'_skip' | '_limit', number> }) => {
        const end = skip + limit;
        const body = { data: rows.slice(skip, end), has_more: end < rows.length };
        rows.splice(0, 10);
        return Promise.resolve({ status: 200, headers: {}, body, text: '' });
      },
    };
    const context = { api } as unknown as Parameters<NonNullable<typeof source.split>>[1];
    const met = new Set<string>();
    let cursor: string | undefined = '0';
    while (cursor !== undefined) {
      const page: ScanPage = await source.scan!.page({ entity: 'company', fields: 'versions', cursor }, context);
      for (const { id } of page.drafts) met.add(id);
      ({ cursor } = page);
    }
    expect([...met]).toEqual(all);
  });

  it('is told by the webhook and by the event log as one', async () => {
    const body = read('api-event-log-page.json').toString();
    const api = {
      request: () => Promise.resolve({ status: 200, headers: {}, body: JSON.parse(body) as unknown, text: body }),
    };
    const context = { api } as unknown as Parameters<NonNullable<typeof source.split>>[1];
    const page = await source.poll!.page({ entity: 'deal', fromMs: 0, toMs: TO_MS }, context);
    const webhooks = ['opportunity-closed-won.json', 'opportunity-stage-changed.json'].flatMap((file) =>
      source.split!({ method: 'POST', url: '/', headers: {}, body: read(file) }, context),
    );
    expect(page.drafts).toEqual(webhooks);
    expect(page.cursor).toBe('WzE3NzQzNjc5OTgsICJldl80cFhuIl0=');
  });
});
