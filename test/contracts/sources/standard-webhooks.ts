import type { Source } from '@crm-mesh/sdk';
import { standardWebhooksSource } from '@crm-mesh/sources';
import { readSample, SAMPLE_TIME_MS } from '../../../libs/sources/test/context.js';
import { readVectors, type SourceCase } from './source-case.js';

const read = (name: string, draft: object) => ({
  name,
  request: {
    headers: { 'content-type': 'application/json', 'webhook-id': `msg_${name}`, 'webhook-timestamp': '1774368001' },
    body: readSample(`generic/standard-webhook-${name}.json`),
  },
  notifications: [{ draft }],
});

export function open(): SourceCase {
  return {
    source: standardWebhooksSource as Source,
    samples: {
      config: { secrets: ['whsec_njpMH9Kwd4WqYLwZQf4D13JcjZDhtk8qM8gX8F1umwQ='] },
      nowMs: SAMPLE_TIME_MS,
      signatures: readVectors('generic', (secrets) => ({ secrets })),
      requests: [
        read('contact-created', { entity: 'contact', change: 'created' }),
        read('contact-deleted', { entity: 'contact', change: 'deleted' }),
        read('company-updated', { entity: 'company', change: 'updated' }),
        read('deal-closed-won', { entity: 'deal', change: 'updated' }),
      ],
    },
  };
}
