// A loop over HubSpot's own client that reads what was changed, page by page, and parses it: no more.
import { Client } from '@hubspot/api-client';
import { FilterOperatorEnum } from '@hubspot/api-client/lib/codegen/crm/contacts/index.js';
import type { PortalAccess } from '../src/sandbox-server.js';
import { serveWorker } from '../src/serve-worker.js';

const PAGE = 200;

export interface ReadTask {
  fromMs: number;
  toMs: number;
  properties: string[];
}

export interface ReadResult {
  /** Different records. */
  rows: number;
  /** From when the first page was there to the last. */
  seconds: number;
}

let client: Client;

serveWorker({
  open: ({ apiUrl: basePath, accessToken }: PortalAccess) => {
    client = new Client({
      basePath,
      accessToken,
      numberOfApiCallRetries: 0,
      limiterOptions: { minTime: 0, maxConcurrent: 10 },
      limiterJobOptions: {},
    });
  },
  read: async (task: ReadTask): Promise<ReadResult> => {
    const ids = new Set<string>();
    let firstMs: number | undefined;
    for (let lastId = '0'; ;) {
      const { results, paging } = await search(task, lastId);
      firstMs ??= performance.now();
      for (const { id } of results) ids.add(id);
      lastId = results.at(-1)?.id ?? lastId;
      if (!paging) return { rows: ids.size, seconds: (performance.now() - firstMs) / 1_000 };
    }
  },
  stop: () => undefined,
});

/** Behind the last id, as ours does: a search ends after 10,000 results. */
function search({ fromMs, toMs, properties }: ReadTask, lastId: string) {
  const { Gt, Gte, Lte } = FilterOperatorEnum;
  const filters = [
    { propertyName: 'lastmodifieddate', operator: Gte, value: String(fromMs) },
    { propertyName: 'lastmodifieddate', operator: Lte, value: String(toMs) },
    { propertyName: 'hs_object_id', operator: Gt, value: lastId },
  ];
  const sorts = ['hs_object_id'];
  return client.crm.contacts.searchApi.doSearch({ filterGroups: [{ filters }], sorts, properties, limit: PAGE });
}
