import type { ApiClient, Source } from '@crm-mesh/sdk';
import type { SignatureSample, SourceSamples, WalkSample } from '@crm-mesh/sdk/testing';
import { pipedriveSource } from '@crm-mesh/sources';
import { readSample, readSampleJson } from '../../../libs/sources/test/context.js';
import { openCompany, START_MS, type Company } from '../../sources/pipedrive-company.js';
import type { SourceCase } from './source-case.js';

interface Vectors {
  user: string;
  password: string;
  vectors: { name: string; headers: Record<string, string>; expect: 'accept' | 'reject' }[];
}
const { user, password, vectors } = readSampleJson<Vectors>('pipedrive/auth-vectors.json');

const read = (name: string, draft: object) => ({
  name,
  request: { body: readSample(`pipedrive/${name}.json`) },
  notifications: [{ draft }],
});
const WEBHOOKS: Partial<SourceSamples> = {
  signatures: vectors.map((vector): SignatureSample => ({
    ...{ name: vector.name, expect: vector.expect },
    request: { headers: vector.headers, body: readSample('pipedrive/deal-closed-won.json') },
  })),
  // HTTP Basic proves who sent it, and nothing of what.
  proves: { body: false, time: false },
  requests: [
    read('person-created', { entity: 'contact', id: '88213', change: 'created' }),
    read('person-deleted', { entity: 'contact', id: '88213', change: 'deleted' }),
    read('organization-updated', { entity: 'company', change: 'updated' }),
    read('deal-closed-lost', { entity: 'deal', change: 'updated' }),
    read('deal-closed-won', { entity: 'deal', id: '130442', change: 'updated' }),
    read('deal-deleted', { entity: 'deal', id: '130442', change: 'deleted' }),
  ],
};

export async function open(): Promise<SourceCase> {
  const company = await openCompany();
  const records = fill(company);
  const page = { size: 500 };
  const walk = (of: WalkSample['of'], entity: string, ids: readonly string[]): WalkSample => ({
    ...{ of, entity, ids, fromMs: START_MS - 60_000, toMs: START_MS + 60_000 },
    pageSizes: [1, 3, 500],
    usePageSize: (size) => void (page.size = size),
  });
  return {
    source: pipedriveSource as Source,
    samples: {
      config: { webhookUser: user, webhookPasswords: [password], apiToken: 'sandbox-api-token' },
      nowMs: START_MS,
      api: shorten(company.context.api, page),
      ...WEBHOOKS,
      fetches: records.map(({ entity, ids, archived = [], gone = [] }) => ({
        ...{ entity, ids: [...ids, ...archived] },
        unknownIds: [...gone, '999999999', '0b31f6a0-0000-11f1-a000-00000000ffff'],
      })),
      walks: records.flatMap(({ entity, ids, archived = [], gone = [] }) => [
        // Archived leads cannot be asked for what changed.
        walk('poll', entity, [...ids, ...(entity === 'lead' ? [] : archived), ...gone]),
        walk('scan', entity, [...ids, ...archived]),
      ]),
    },
    close: () => company.sandbox.stop(),
  };
}

interface Records {
  entity: string;
  ids: string[];
  archived?: string[];
  gone?: string[];
}

/** Four records of each entity, all of one second; of deals and leads one is archived, of deals one is deleted. */
function fill({ sandbox }: Company): Records[] {
  const { book, activities } = sandbox.pipedrive!;
  const create = (type: 'contacts' | 'companies' | 'products' | 'deals' | 'leads', part: object): string[] =>
    Array.from({ length: 4 }, (_, index) => String(book.create(type, { ...part, name: `No. ${index}` })['id']));
  const archive = (type: 'deals' | 'leads', id: string): string[] => {
    book.update(type, id, { is_archived: true });
    return [id];
  };
  const [archivedDeal, goneDeal, ...deals] = create('deals', { title: 'Kiln' });
  const [archivedLead, ...leads] = create('leads', { title: 'Kiln' });
  book.remove('deals', goneDeal!);
  return [
    { entity: 'contact', ids: create('contacts', {}) },
    { entity: 'company', ids: create('companies', {}) },
    { entity: 'deal', ids: deals, archived: archive('deals', archivedDeal!), gone: [goneDeal!] },
    { entity: 'lead', ids: leads, archived: archive('leads', archivedLead!) },
    { entity: 'product', ids: create('products', {}) },
    { entity: 'activity', ids: [1, 2, 3, 4].map((nr) => String(activities.create({ subject: `Call ${nr}` })['id'])) },
  ];
}

/** The sandbox gives as many rows as it is asked for: it is asked for fewer. */
function shorten(api: ApiClient, page: { size: number }): ApiClient {
  return {
    request: (request) => {
      const { query = {} } = request;
      const isPage = query['limit'] !== undefined && query['ids'] === undefined;
      return api.request(isPage ? { ...request, query: { ...query, limit: page.size } } : request);
    },
  };
}
