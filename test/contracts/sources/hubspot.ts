import type { Source } from '@crm-mesh/sdk';
import { hubspotSource } from '@crm-mesh/sources';
import { startApiServer } from '../../../libs/sources/test/api-server.js';
import { readSample, readSampleJson, SAMPLE_TIME_MS } from '../../../libs/sources/test/context.js';
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
  const api = await startApiServer();
  api.routes['POST /crm/v3/objects/contacts/batch/read'] = () => ({
    status: 207,
    body: readSampleJson('hubspot/api-contacts-batch-read.json'),
  });
  api.routes['GET /crm/v3/pipelines/deals'] = () => ({ body: readSampleJson('hubspot/api-deal-pipelines.json') });
  return {
    source: hubspotSource as Source,
    samples: {
      config: { clientSecrets: ['a client secret'], accessToken: 'the access token', apiUrl: api.url },
      nowMs: SAMPLE_TIME_MS,
      signatures: readVectors('hubspot', (clientSecrets, { version }) => ({ clientSecrets, signatures: [version] })),
      // v1 and v2 carry no time; the vectors say what v3 does about it.
      proves: { body: true, time: false },
      requests: [
        read('contact-created', 3, contacts[0]),
        read('contact-deleted', 1),
        read('contact-privacy-deleted', 2),
        read('deal-closed-won', 4, deal),
      ],
      fetches: [{ entity: 'contact', ids: ['128850143501'], unknownIds: ['128850149999'] }],
    },
    close: () => api.close(),
  };
}
