import { defineSource, type Hypothesis, type SourceContext } from '@crm-mesh/sdk';
import { describeApi } from './api.js';
import { HubspotConfig, SIGNATURE_VERSIONS } from './config.js';
import { describeHubspot } from './describe-metadata.js';
import { fetchHubspot } from './fetch-records.js';
import { mapHubspot } from './map-record.js';
import { pollHubspot } from './poll-changes.js';
import { listProperties } from './properties.js';
import { scanHubspot } from './scan-records.js';
import { verifyHubspot } from './signature.js';
import { splitHubspot } from './split.js';
import { writeHubspot } from './write-record.js';

/** HubSpot: signed thin webhooks; records are read in batches from its API, which is polled beside them. */
export const hubspotSource = defineSource<HubspotConfig>({
  name: 'hubspot',
  config: HubspotConfig,
  // One edit of five properties is five events, maybe in different requests.
  coalesceMs: 1_000,
  fetchBatchSize: 100,
  verify: verifyHubspot,
  split: splitHubspot,
  api: describeApi,
  fetch: fetchHubspot,
  map: mapHubspot,
  poll: {
    entities: ({ entities }) => entities,
    // Search finds a change moments after it was made, and now and then much later.
    lagMs: 10_000,
    overlapMs: 300_000,
    page: pollHubspot,
  },
  scan: { entities: ({ entities }) => entities, page: scanHubspot },
  write: writeHubspot,
  describe: describeHubspot,
  reads: listProperties,
  hypotheses: listHypotheses,
});

function listHypotheses({ config }: SourceContext<HubspotConfig>): Hypothesis<HubspotConfig>[] {
  const trimmed = config.clientSecrets.map((secret) => secret.trim());
  return [
    {
      name: 'a signature version that is not allowed',
      config: { signatures: [...SIGNATURE_VERSIONS] },
      why: 'The signature is right, but of a version that this connection does not accept.',
      cure: 'Add the version to `signatures` of this connection. v1 and v2 carry no time, so a recorded request could be sent again.',
    },
    {
      name: 'client secret without white space around it',
      config: { clientSecrets: trimmed },
      why: 'The configured client secret has white space around it.',
      cure: 'Remove spaces and line ends around the secret (a file that ends with a newline?).',
    },
    {
      name: 'access token taken for the client secret',
      config: { clientSecrets: [config.accessToken] },
      why: 'The request is signed with what is configured as `accessToken`.',
      cure: 'Put the app’s client secret into `clientSecrets`, and the access token into `accessToken`: they are swapped.',
    },
  ];
}
