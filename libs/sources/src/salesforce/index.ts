import { defineSource } from '@crm-mesh/sdk';
import { describeApi } from './api.js';
import { SalesforceConfig } from './config.js';
import { FETCH_BATCH_SIZE, fetchSalesforce } from './fetch-records.js';
import { mapSalesforce } from './map-record.js';
import { describeSalesforce } from './metadata.js';
import { listWanted, objectsOf } from './objects.js';
import { replyOutbound, splitOutbound, verifyOutbound } from './outbound.js';
import { pollSalesforce } from './poll.js';
import { followChanges } from './pubsub/follow-changes.js';
import { scanSalesforce } from './scan.js';

/** Salesforce: Change Data Capture, outbound messages and polls say what changed; records are read in batches. */
export const salesforceSource = defineSource<SalesforceConfig>({
  name: 'salesforce',
  config: SalesforceConfig,
  // One transaction is often several events of a record, and an outbound message besides.
  coalesceMs: 1_000,
  mediaTypes: ['text/xml'],
  verify: verifyOutbound,
  // An organisation's id is no secret.
  provesSender: false,
  split: splitOutbound,
  reply: replyOutbound,
  api: describeApi,
  fetch: fetchSalesforce,
  fetchBatchSize: FETCH_BATCH_SIZE,
  poll: pollSalesforce,
  scan: scanSalesforce,
  subscribe: followChanges,
  map: mapSalesforce,
  describe: describeSalesforce,
  reads: (entity, config) => [...new Set(objectsOf(entity, config).flatMap((object) => listWanted(object, config)))],
});
