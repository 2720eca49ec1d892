import type { Source } from '@crm-mesh/sdk';
import { jsonPollerSource } from '@crm-mesh/sources';
import type { RecordSample, WalkSample } from '@crm-mesh/sdk/testing';
import { startApiServer, type ApiServer } from '../../../libs/sources/test/api-server.js';
import { SAMPLE_TIME_MS } from '../../../libs/sources/test/context.js';
import type { SourceCase } from './source-case.js';

const CHANGED = '2026-03-24T15:59:58.000Z';
const [FROM_MS, TO_MS] = [SAMPLE_TIME_MS - 60_000, SAMPLE_TIME_MS];
const ROWS = Array.from({ length: 7 }, (_, index) => ({
  id: index + 1,
  nr: `A-${index + 1}`,
  amount: '12.50',
  changed: CHANGED,
  gone: index === 6,
}));

/** Orders come by pages with a cursor, contacts by the number of the first row. */
const ENTITIES = {
  order: {
    path: '/orders',
    query: { since: '{from:iso}', until: '{to:iso}' },
    paging: { by: 'cursor', path: 'next', parameter: 'after' },
    rows: 'data',
    modifiedAt: 'changed',
    deleted: 'gone',
  },
  contact: {
    path: '/people',
    query: { since: '{from:s}' },
    paging: { by: 'offset', parameter: 'offset' },
    rows: 'data',
  },
};
const WINDOWS: Record<string, Record<string, string>> = {
  '/orders': { since: new Date(FROM_MS).toISOString(), until: new Date(TO_MS).toISOString() },
  '/people': { since: String(Math.floor(FROM_MS / 1_000)) },
};

/** Both lists, with a window and without, in pages of so many rows. */
function answer(api: ApiServer, size: number): void {
  for (const key of Object.keys(api.routes)) delete api.routes[key];
  for (const [path, window] of Object.entries(WINDOWS)) {
    for (const query of [window, {}]) {
      for (let at = 0; at < ROWS.length + size; at += size) {
        const place = at === 0 ? {} : { [path === '/orders' ? 'after' : 'offset']: String(Math.min(at, ROWS.length)) };
        const asked = new URLSearchParams({ ...query, ...place }).toString();
        const next = at + size < ROWS.length ? at + size : null;
        api.routes[`GET ${path}${asked && '?'}${asked}`] = () => ({ body: { data: ROWS.slice(at, at + size), next } });
      }
    }
  }
}

export async function open(): Promise<SourceCase> {
  const api = await startApiServer();
  const walk = (of: WalkSample['of'], entity: string): WalkSample => ({
    ...{ of, entity, fromMs: FROM_MS, toMs: TO_MS },
    ids: ROWS.map(({ id }) => String(id)),
    pageSizes: [1, 3, 7, 20],
    usePageSize: (size) => answer(api, size),
  });
  return {
    source: jsonPollerSource as Source,
    samples: {
      config: {
        url: api.url,
        auth: { bearer: 'a-token-of-some-length' },
        entities: ENTITIES,
        mapping: { currency: 'EUR', entities: { order: { fields: { number: 'nr', total: 'amount' } } } },
      },
      nowMs: SAMPLE_TIME_MS,
      records: [row('updated', ORDER), row('deleted')],
      walks: Object.keys(ENTITIES).flatMap((entity) => [walk('poll', entity), walk('scan', entity)]),
    },
    close: () => api.close(),
  };
}

const ORDER = {
  ...{ id: '1', number: 'A-1', total: { value: '12.50', currency: 'EUR' } },
  ...{ modifiedAt: CHANGED, custom: { changed: CHANGED, gone: false } },
};

/** A row as a poll tells it, and what it comes to. */
function row(change: 'updated' | 'deleted', record?: object): RecordSample {
  return {
    name: `an order that was ${change}`,
    draft: {
      ...{ entity: 'order', id: '1', change, dedupeKey: change, modifiedAt: CHANGED },
      payload: { type: `order.${change}`, data: ROWS[0] },
    },
    mapped: { modifiedAt: CHANGED, ...(record ? { state: 'present', record } : { state: 'deleted' }) } as never,
  };
}
