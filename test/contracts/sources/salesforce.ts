import { startSandbox, UI_ACTOR, type RunningSandbox } from '@crm-mesh/sandbox/start';
import type { Source } from '@crm-mesh/sdk';
import type { WalkSample } from '@crm-mesh/sdk/testing';
import { SalesforceConfig, salesforceSource } from '@crm-mesh/sources';
import { createLogger } from '@crm-mesh/telemetry';
import { createConfig, createContext, readSample, readSampleJson } from '../../../libs/sources/test/context.js';
import type { SourceCase } from './source-case.js';

const NOW_MS = Date.parse('2026-03-24T16:05:00Z');
const MINUTE_MS = 60_000;
const headers = { 'content-type': 'text/xml; charset=utf-8' };
const message = readSample('salesforce/outbound-contact-updated.xml');
const anothers = Buffer.from(message.toString().replace('00D8d000009KxTqEAK', '00D8d000009KxTrEAK'));
const contact = { Id: '0038d00000pQ7LmAAK', SystemModstamp: '2026-03-11T13:02:46.000+0000', Name: 'Leonie Hartwig' };
const { records: deals } = readSampleJson<{ records: { Id: string }[] }>('salesforce/api-soql-opportunities-page.json');

export async function open(): Promise<SourceCase> {
  const log = createLogger({ app: 'sandbox', level: 'silent' });
  const clock = { nowMs: NOW_MS - 2 * MINUTE_MS };
  const sandbox = await startSandbox({ log, now: () => clock.nowMs, salesforce: {} });
  const org = sandbox.salesforce!;
  const { clientId, clientSecret } = org;
  const config = {
    organizationId: org.organizationId,
    auth: { grant: 'client_credentials', clientId, clientSecret, loginUrl: org.url },
    currency: 'EUR',
    rateLimit: { requests: 100_000, intervalMs: 1_000, concurrent: 10 },
  };
  // It logs in, as the suite's own client does not.
  const own = createConfig(SalesforceConfig, config);
  const { api } = createContext(own, { nowMs: NOW_MS, api: salesforceSource.api! });
  const records = fill(sandbox);
  // Of the present minute Salesforce does not tell yet what was deleted.
  clock.nowMs = NOW_MS;
  const walk = (of: WalkSample['of'], entity: string, ids: readonly string[]): WalkSample => ({
    ...{ of, entity, ids, fromMs: NOW_MS - 5 * MINUTE_MS, toMs: NOW_MS },
    pageSizes: [2, 500, 2_000].slice(ids.length > 10 ? 1 : 0),
    usePageSize: (pageSize) => void org.turnKnobs({ pageSize }),
  });
  return {
    source: salesforceSource as Source,
    samples: {
      ...{ config, nowMs: NOW_MS, api },
      signatures: [
        { name: 'a message of this organisation', request: { headers, body: message }, expect: 'accept' },
        { name: 'a message of another one', request: { headers, body: anothers }, expect: 'reject' },
      ],
      // The organisation that it names is all that it shows; the record is read in any case.
      proves: { body: false, time: false, by: 'body' },
      requests: [
        {
          name: 'an outbound message',
          request: { headers, body: message },
          notifications: [{ draft: { entity: 'contact', id: contact.Id, change: 'updated' }, fetched: contact }],
        },
      ],
      records: deals.map((fetched, index) => ({
        name: `row ${index} of a page of opportunities`,
        draft: { entity: 'deal', id: fetched.Id, change: 'updated', dedupeKey: 'k', payload: {} },
        fetched,
      })),
      fetches: records.map(({ entity, ids, gone }) => ({
        ...{ entity, ids: ids.slice(0, 5) },
        unknownIds: [...gone, `${ids[0]!.slice(0, 9)}999999AAA`, 'x'],
      })),
      walks: records.flatMap(({ entity, ids, gone }) => [
        walk('poll', entity, [...ids, ...gone]),
        walk('scan', entity, ids),
      ]),
    },
    close: () => sandbox.stop(),
  };
}

interface Records {
  entity: string;
  ids: string[];
  gone: string[];
}

/** Of one and the same second, and of contacts more than a page of ours holds; one of each was deleted. */
function fill({ crm, salesforce }: RunningSandbox): Records[] {
  const create = (entity: string, type: 'contacts' | 'companies' | 'leads' | 'deals', part: object, count = 4) => {
    const made = Array.from({ length: count }, (_, index) =>
      crm.create(type, { ...part, lastname: `No. ${index}`, company: 'Brightwater' }, { actor: UI_ACTOR }),
    );
    crm.archive(made[0]!, UI_ACTOR);
    const [gone, ...ids] = made.map(({ id }) => salesforce!.idOf(type, id));
    return { entity, ids, gone: [gone!] };
  };
  const stage = { pipeline: 'default', dealstage: 'closedwon', closedate: '2026-03-24', amount: '10' };
  return [
    create('company', 'companies', { name: 'Brightwater' }),
    create('contact', 'contacts', {}, 2_003),
    create('lead', 'leads', {}),
    create('deal', 'deals', { dealname: 'Kiln', ...stage }),
  ];
}
