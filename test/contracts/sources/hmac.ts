import type { Source } from '@crm-mesh/sdk';
import { hmacSource } from '@crm-mesh/sources';
import { readSample, SAMPLE_TIME_MS } from '../../../libs/sources/test/context.js';
import { readVectors, type SourceCase } from './source-case.js';

const read = (name: string, draft: object) => ({
  name,
  request: { body: readSample(`generic/standard-webhook-${name}.json`) },
  notifications: [{ draft }],
});

export function open(): SourceCase {
  return {
    source: hmacSource as Source,
    samples: {
      // As Close signs: of the schemes that are recorded the one that proves the time too.
      config: {
        secrets: ['00'],
        secretEncoding: 'hex',
        header: 'close-sig-hash',
        signed: '{timestamp}{body}',
        timestamp: { header: 'close-sig-timestamp' },
      },
      nowMs: SAMPLE_TIME_MS,
      signatures: readVectors('close', (secrets) => ({ secrets })),
      requests: [
        read('contact-created', { entity: 'contact', change: 'created' }),
        read('contact-updated', { entity: 'contact', change: 'updated' }),
        read('contact-deleted', { entity: 'contact', change: 'deleted' }),
        read('company-updated', { entity: 'company', change: 'updated' }),
        read('deal-stage-changed', { entity: 'deal', change: 'updated' }),
        read('deal-closed-won', { entity: 'deal', change: 'updated' }),
      ],
    },
  };
}
