import type { Source } from '@crm-mesh/sdk';
import type { WalkSample } from '@crm-mesh/sdk/testing';
import { hubspotSource } from '@crm-mesh/sources';
import { readSample, readSampleJson } from '../../../libs/sources/test/context.js';
import { actor, openPortal, START_MS, type Portal } from '../../sources/hubspot-portal.js';
import { readVectors, type SourceCase } from './source-case.js';

const { results: contacts } = readSampleJson<{ results: object[] }>('hubspot/api-contacts-batch-read.json');
const deal = readSampleJson<object>('hubspot/api-deal-get.json');

const read = (name: string, count: number, fetched?: object) => ({
  name,
  request: { body: readSample(`hubspot/${name}.json`) },
  notifications: Array.from({ length: count }, () => ({
    draft: { entity: name.split('-')[0]! },
    ...(fetched && { fetched: { ...fetched, associations: {}, lineItems: [] } }),
  })),
});

export async function open(): Promise<SourceCase> {
  const portal = await openPortal();
  const records = fill(portal);
  const walk = (of: WalkSample['of'], entity: string, ids: readonly string[]): WalkSample => ({
    ...{ of, entity, ids, fromMs: START_MS - 60_000, toMs: START_MS },
  });
  return {
    source: hubspotSource as Source,
    samples: {
      config: { clientSecrets: ['a client secret'], accessToken: 'the access token' },
      nowMs: START_MS,
      api: portal.context.api,
      signatures: readVectors('hubspot', (clientSecrets, { version }) => ({ clientSecrets, signatures: [version] })),
      // v1 and v2 carry no time; the vectors say what v3 does about it.
      proves: { body: true, time: false },
      requests: [
        read('contact-created', 3, contacts[0]),
        read('contact-deleted', 1),
        read('contact-privacy-deleted', 2),
        read('deal-closed-won', 4, deal),
      ],
      fetches: records.map(({ entity, ids, gone }) => ({
        ...{ entity, ids: ids.slice(0, 100) },
        unknownIds: [gone, '128850149999'],
      })),
      walks: records.flatMap(({ entity, ids, gone }) => [
        walk('poll', entity, [...ids, gone]),
        walk('scan', entity, ids),
      ]),
      writes: [
        {
          entity: 'contact',
          record: { firstName: 'Ada', phone: '+49 1', address: { city: 'Selb' } },
          change: { phone: null, lastName: 'Byron' },
        },
        {
          entity: 'deal',
          record: { name: 'Kiln', stage: 'contractsent', amount: { value: '12.50', currency: 'EUR' } },
          change: { stage: 'closedwon' },
        },
      ],
    },
    close: () => portal.sandbox.stop(),
  };
}

/** More than two pages of contacts, and a few of the others, all of one moment; one of each was deleted. */
function fill({ sandbox: { crm } }: Portal) {
  const create = (entity: string, type: 'contacts' | 'companies' | 'deals', count: number) => {
    const made = Array.from({ length: count }, () => crm.create(type, {}, { actor }));
    crm.archive(made[1]!, actor);
    const [first, gone, ...others] = made.map(({ id }) => id);
    return { entity, ids: [first!, ...others], gone: gone! };
  };
  return [create('contact', 'contacts', 450), create('company', 'companies', 4), create('deal', 'deals', 4)];
}
