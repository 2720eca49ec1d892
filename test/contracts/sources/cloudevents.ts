import type { Source } from '@crm-mesh/sdk';
import { cloudEventsSource } from '@crm-mesh/sources';
import { readSample, SAMPLE_TIME_MS } from '../../../libs/sources/test/context.js';
import type { SourceCase } from './source-case.js';

const TOKEN = 'a-token-of-some-length';
const headers = { 'content-type': 'application/cloudevents+json' };
const body = readSample('generic/cloudevent-structured-contact-created.json');

const read = (name: string, draft: object) => ({
  name,
  request: { headers, body: readSample(`generic/cloudevent-structured-${name}.json`) },
  notifications: [{ draft }],
});

export function open(): SourceCase {
  return {
    source: cloudEventsSource as Source,
    samples: {
      config: { tokens: [TOKEN], allowedOrigins: ['*'], mapping: { typePrefix: 'com.example.crm.' } },
      nowMs: SAMPLE_TIME_MS,
      // A Bearer token proves who sent it, and nothing of what.
      proves: { body: false, time: false },
      signatures: [
        {
          name: 'the token',
          request: { headers: { ...headers, authorization: `Bearer ${TOKEN}` }, body },
          expect: 'accept',
        },
        {
          name: 'another token',
          request: { headers: { ...headers, authorization: 'Bearer no' }, body },
          expect: 'reject',
        },
      ],
      requests: [
        read('contact-created', { entity: 'contact', change: 'created' }),
        read('contact-deleted', { entity: 'contact', change: 'deleted' }),
        read('company-updated', { entity: 'company', change: 'updated' }),
        read('deal-closed-won', { entity: 'deal', change: 'updated' }),
      ],
    },
  };
}
