import { defineSource, type Hypothesis, type SourceContext } from '@crm-mesh/sdk';
import { describeApi } from './api.js';
import { PipedriveConfig } from './config.js';
import { fetchPipedrive } from './lists.js';
import { mapPipedrive } from './map-record.js';
import { describePipedrive } from './metadata.js';
import { pipedrivePoll, pipedriveScan } from './poll.js';
import { listRead } from './properties.js';
import { splitPipedrive } from './split.js';
import { verifyPipedrive } from './verify.js';

/** Pipedrive: webhooks v2 that carry the record, proved by HTTP Basic; its API is polled. */
export const pipedriveSource = defineSource<PipedriveConfig>({
  name: 'pipedrive',
  config: PipedriveConfig,
  fetchBatchSize: 100,
  verify: verifyPipedrive,
  split: splitPipedrive,
  api: describeApi,
  fetch: fetchPipedrive,
  poll: pipedrivePoll,
  scan: pipedriveScan,
  describe: describePipedrive,
  reads: listRead,
  map: mapPipedrive,
  hypotheses: listHypotheses,
});

function listHypotheses({ config }: SourceContext<PipedriveConfig>): Hypothesis<PipedriveConfig>[] {
  const { webhookUser, webhookPasswords } = config;
  const [first = ''] = webhookPasswords;
  return [
    {
      name: 'user and password swapped',
      config: { webhookUser: first, webhookPasswords: [webhookUser] },
      why: 'The request shows the configured password as its user, and the configured user as its password.',
      cure: 'Swap `webhookUser` and `webhookPasswords` of this connection, or `http_auth_user` and `http_auth_password` of the webhook.',
    },
    {
      name: 'user and password without white space around them',
      config: { webhookUser: webhookUser.trim(), webhookPasswords: webhookPasswords.map((text) => text.trim()) },
      why: 'The configured user or password has white space around it.',
      cure: 'Remove spaces and line ends around them (a file that ends with a newline?).',
    },
    {
      name: 'API token taken for the password',
      config: { webhookPasswords: [config.apiToken ?? ''] },
      why: 'The webhook was registered with the API token as its password.',
      cure: 'Register the webhook anew with a password of its own, and make a new API token: the old one was sent around.',
    },
  ];
}
