import { createHmac } from 'node:crypto';
import { IsString } from 'class-validator';
import { isObject, parseJsonBody, readId, refuseMapping, refuseNotification } from '../../kit/index.js';
import type { ApiClient, ApiRequest } from '../../source/api.js';
import type { SourceDefinition } from '../../source/define-source.js';
import type { NotificationDraft } from '../../source/record.js';
import type { SourceSamples } from './source-samples.js';

// A source of a CRM that is not there, for the spec of the suite.

export class Config {
  @IsString()
  key!: string;
}

export const NOW_MS = Date.parse('2026-03-24T16:00:00Z');
const KEY = 'a secret of some length';

/** Records `c1` … `c5`, paged by the number of the last one. */
const ROWS = Array.from({ length: 5 }, (_, index) => ({ id: `c${index + 1}`, name: `No. ${index + 1}` }));
export let pageSize = 2;
const api: ApiClient = {
  request: ({ path, query = {} }: ApiRequest) => {
    const after = Number(query['after'] ?? 0);
    const rows = ROWS.slice(after, after + pageSize);
    const next = after + pageSize < ROWS.length ? after + pageSize : undefined;
    const row = ROWS.find(({ id }) => path === `/contacts/${id}`);
    const body = path === '/contacts' ? { rows, next } : row;
    return Promise.resolve({ status: body ? 200 : 404, headers: {}, body: structuredClone(body), text: '' });
  },
};

const sign = (body: string, time: string): string => createHmac('sha256', KEY).update(`${time}.${body}`).digest('hex');
export const toDraft = (item: unknown): NotificationDraft => {
  const id = isObject(item) ? readId(item['id']) : undefined;
  const version = isObject(item) ? readId(item['version']) : undefined;
  if (id === undefined || version === undefined) throw refuseNotification('an item has no id or no version.');
  return { entity: 'contact', id, change: 'updated', dedupeKey: `${id} ${version}`, payload: item };
};

/** Does all that it must. */
export const GOOD: SourceDefinition<Config> = {
  name: 'little',
  config: Config,
  api: () => ({
    title: 'Little',
    baseUrl: 'http://127.0.0.1:9',
    auth: { kind: 'none' },
    limits: { requests: 1, intervalMs: 1, concurrent: 1 },
  }),
  verify: ({ headers, body }, { now }) => {
    const { time = '', signature = '' } = headers;
    if (!/^\d{1,13}$/.test(time)) return { ok: false, code: 'timestamp-malformed', reason: 'no time' };
    if (Math.abs(now() - Number(time)) > 60_000) return { ok: false, code: 'timestamp-out-of-window', reason: 'old' };
    return signature === sign(Buffer.from(body).toString('latin1'), time)
      ? { ok: true, scheme: 'little' }
      : { ok: false, code: 'signature-mismatch', reason: 'another signature' };
  },
  split: ({ body }) => {
    const items = parseJsonBody(body);
    if (!Array.isArray(items)) throw refuseNotification('the body is no list.');
    return items.map(toDraft);
  },
  fetch: async (_, ids, { api: asked }) => {
    const found = new Map<string, unknown>();
    for (const id of ids) {
      const { status, body } = await asked.request({ path: `/contacts/${id}`, accept: [404] });
      if (status !== 404) found.set(id, body);
    }
    return found;
  },
  scan: {
    entities: () => ['contact'],
    page: async ({ cursor }, { api: asked }) => {
      const { body } = await asked.request({ path: '/contacts', query: { after: cursor } });
      const { rows, next } = body as { rows: typeof ROWS; next?: number };
      const drafts = rows.map((row) => ({ ...toDraft({ ...row, version: 1 }), fetched: row }));
      return { drafts, ...(next !== undefined && { cursor: String(next) }) };
    },
  },
  map: ({ notification, fetched }) => {
    if (fetched === undefined) return { state: 'deleted' };
    if (!isObject(fetched) || typeof fetched['name'] !== 'string' || fetched['name'] === '')
      throw refuseMapping('a contact has no name.');
    return { state: 'present', record: { id: notification.id, name: fetched['name'] } };
  },
};

const BODY = '[{"id":"c1","version":1}]';
const signed = { time: String(NOW_MS), signature: sign(BODY, String(NOW_MS)) };
export const SAMPLES: SourceSamples = {
  config: { key: KEY },
  nowMs: NOW_MS,
  api,
  signatures: [{ name: 'one', request: { headers: signed, body: BODY }, expect: 'accept' }],
  requests: [
    {
      name: 'one',
      request: { body: BODY },
      notifications: [
        { draft: { id: 'c1' }, fetched: ROWS[0], mapped: { state: 'present', record: { id: 'c1', name: 'No. 1' } } },
      ],
    },
    {
      name: 'its next version',
      request: { body: '[{"id":"c1","version":2}]' },
      notifications: [{ draft: {}, fetched: ROWS[0] }],
    },
  ],
  fetches: [{ entity: 'contact', ids: ['c1', 'c5'], unknownIds: ['c9'] }],
  walks: [
    {
      of: 'scan',
      entity: 'contact',
      ids: ROWS.map(({ id }) => id),
      pageSizes: [1, 2, 5],
      usePageSize: (size) => (pageSize = size),
    },
  ],
};
