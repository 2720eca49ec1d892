import type { ScanPage, ScanRequest, SourceContext } from '@crm-mesh/sdk';
import type { HubspotConfig } from './config.js';
import { readPage } from './read-page.js';
import { draftRows, draftVersion, MERGED_PROPERTIES } from './page-rows.js';
import { listProperties } from './properties.js';
import { searchObjects } from './search-objects.js';

type Context = SourceContext<HubspotConfig>;

/** A hundred records a call, and with `records` what `draftRows` says. A search beside the first page counts them all. */
export async function scanHubspot(request: ScanRequest, context: Context): Promise<ScanPage> {
  const { entity, cursor, fields } = request;
  const properties =
    fields === 'records'
      ? listProperties(entity, context.config)
      : ['lastmodifieddate', 'hs_lastmodifieddate', ...MERGED_PROPERTIES];
  const [page, total] = await Promise.all([
    readPage(entity, { properties, ...(cursor !== undefined && { after: cursor }) }, context),
    cursor === undefined ? countObjects(entity, context) : undefined,
  ]);
  const drafts =
    fields === 'records'
      ? await draftRows({ entity, rows: page.objects, complete: page.complete }, context)
      : page.objects.map((object) => draftVersion(entity, object));
  return {
    drafts,
    ...(page.after !== undefined && { cursor: page.after }),
    ...(total !== undefined && { total }),
  };
}

async function countObjects(entity: string, context: Context): Promise<number | undefined> {
  const { total } = await searchObjects(entity, { filters: [], properties: ['hs_object_id'], limit: 1 }, context);
  return total;
}
