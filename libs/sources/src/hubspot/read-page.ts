import type { SourceContext } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';
import { apiOf } from './api.js';
import type { HubspotConfig } from './config.js';
import { pathOfEntity } from './object-types.js';
import { readAfter, readResults, type HubspotObject } from './read-objects.js';

/** The longest page that HubSpot gives. */
const PAGE_SIZE = 100;
/** A longer address is refused on the way to many a server. */
const LONGEST_QUERY = 2_000;

interface PageRequest {
  properties: readonly string[];
  /** Archived records only. */
  archived?: boolean;
  after?: string;
}

interface Page {
  objects: HubspotObject[];
  /** Where the next page begins. */
  after?: string;
  /** Whether the properties were asked for; they are not where they would make the address too long. */
  complete: boolean;
}

/** A page of all objects of a type, in HubSpot's own order, which no change moves them in (that of their ids; UNCONFIRMED). */
export async function readPage(
  entity: string,
  { properties, archived = false, after }: PageRequest,
  context: SourceContext<HubspotConfig>,
): Promise<Page> {
  const path = pathOfEntity(entity);
  const complete = properties.join(',').length <= LONGEST_QUERY;
  const query = new URLSearchParams({
    limit: String(PAGE_SIZE),
    properties: complete ? properties.join(',') : 'hs_object_id',
    ...(archived && { archived: 'true' }),
    ...(after !== undefined && { after }),
  });
  const answer = await apiOf(context).request({
    method: 'GET',
    path: `/crm/v3/objects/${encodeURIComponent(path)}?${query.toString()}`,
  });
  const next = readAfter(isObject(answer) ? answer.paging : undefined);
  const objects = [...readResults(answer, path).values()];
  return { objects, complete, ...(next !== undefined && { after: next }) };
}
