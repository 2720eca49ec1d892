import type { Source } from '@crm-mesh/sdk';
import { cloudEventsSource } from './cloudevents/index.js';
import { hmacSource } from './hmac/index.js';
import { hubspotSource } from './hubspot/index.js';
import { jsonPollerSource } from './json-poller/index.js';
import { pipedriveSource } from './pipedrive/index.js';
import { salesforceSource } from './salesforce/index.js';
import { standardWebhooksSource } from './standard-webhooks/index.js';

const SOURCES = [
  cloudEventsSource,
  hmacSource,
  hubspotSource,
  jsonPollerSource,
  pipedriveSource,
  salesforceSource,
  standardWebhooksSource,
];

/** The sources that come with the mesh, by the name that `source:` of a connection gives. */
export const SHIPPED_SOURCES: ReadonlyMap<string, Source> = new Map(
  SOURCES.map((source) => [source.name, source as Source]),
);
