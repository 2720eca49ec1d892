import { isKnownEntity, type Notification } from '@crm-mesh/contract';
import type { ApiClient } from '../../source/api.js';
import type { SourceContext } from '../../source/context.js';
import type { Source } from '../../source/define-source.js';
import type { NotificationDraft } from '../../source/record.js';
import type { WebhookRequest } from '../../source/webhook.js';
import { checkTestConfig } from '../check-test-config.js';
import { recordLog } from '../record-log.js';
import { openTestApi } from './open-test-api.js';
import type { SampleRequest, SourceSamples } from './source-samples.js';

/** Where a source is tried out: what checks need, made of the samples. */
export interface SourceBench {
  source: Source;
  samples: SourceSamples;
  /** A connection as after a restart: nothing of a former one is the same object. */
  openContext(part?: ContextPart): Promise<SourceContext>;
  /** A sample as the publisher would give it. */
  toRequest(sample: SampleRequest): WebhookRequest;
  toNotification(draft: NotificationDraft): Notification;
}

export interface ContextPart {
  nowMs?: number | undefined;
  publicUrl?: string | undefined;
  /** Settings that differ. */
  config?: object | undefined;
  api?: ApiClient;
}

const PUBLIC_URL = 'https://mesh.example.net/webhooks/acme/crm';

export function openSourceBench(source: Source, samples: SourceSamples): SourceBench {
  const usualUrl = samples.publicUrl ?? PUBLIC_URL;
  return {
    source,
    samples,
    toRequest: ({ method = 'POST', url, headers = { 'content-type': 'application/json' }, body }) => ({
      method,
      url: url ?? new URL(usualUrl).pathname,
      headers,
      body: Buffer.from(body),
    }),
    toNotification: (draft) => ({
      ...draft,
      tenant: 'acme',
      connection: 'crm',
      origin: 'webhook',
      receivedAt: new Date(samples.nowMs).toISOString(),
      verifiedBy: 'test',
    }),
    openContext: async (part = {}) => {
      const settings = { ...(samples.config as object), ...part.config };
      const config = await checkTestConfig(source.config, settings, 'samples.config');
      const usualApi = (): ApiClient => samples.api ?? (source.api ? openTestApi(source.api(config)) : NO_API);
      return {
        tenant: 'acme',
        connection: 'crm',
        config,
        publicUrl: part.publicUrl ?? usualUrl,
        now: () => part.nowMs ?? samples.nowMs,
        log: recordLog([]),
        urgency: 'live',
        api: part.api ?? usualApi(),
      };
    },
  };
}

const NO_API: ApiClient = {
  request: ({ path }) => Promise.reject(new Error(`the source has no api, and asks for ${path}`)),
};

/** As the mesh completes it before it is checked. */
export function completeRecord(entity: string, record: object): object {
  return isKnownEntity(entity) && entity === 'deal' ? { status: 'open', ...record } : record;
}
