import { Unavailable, type SourceContext } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';
import { RateLimiter } from '../kit/api/rate-limiter.js';
import { apiOf } from './api.js';
import type { HubspotConfig } from './config.js';
import { pathOfEntity } from './object-types.js';
import { readAfter, readResults, type HubspotObject } from './read-objects.js';

type Context = SourceContext<HubspotConfig>;

/** What a search's body may be at most, in characters. */
const LONGEST_BODY = 3_000;
/** HubSpot counts by the second; requests do not arrive as evenly as they are sent. */
const INTERVAL_MS = 1_100;

interface Search {
  filters: readonly { propertyName: string; operator: string; value: string }[];
  properties: readonly string[];
  /** Up to 200. */
  limit: number;
}

interface Found {
  objects: HubspotObject[];
  /** Whether there are more than these. */
  hasMore: boolean;
  /** How many match in all. */
  total?: number;
  /** Whether the properties were asked for; they are not where they would make the request too long. */
  complete: boolean;
}

/** Searches of one token: HubSpot counts them apart from all else, and says nothing of what is left. */
const limiters = new WeakMap<HubspotConfig, RateLimiter>();

/** The first objects that match, by ascending id. There is no second page: who wants more asks for ids behind the last. */
export async function searchObjects(entity: string, search: Search, context: Context): Promise<Found> {
  const path = pathOfEntity(entity);
  const { body, complete } = describeSearch(search);
  const answer = await limiterOf(context.config).run({ urgency: context.urgency, cost: 1 }, () =>
    apiOf(context).request({ method: 'POST', path: `/crm/v3/objects/${encodeURIComponent(path)}/search`, body }),
  );
  const { total, paging } = isObject(answer) ? answer : {};
  if (total !== undefined && typeof total !== 'number')
    throw new Unavailable(`HubSpot answered a search for ${path} with a total that is no number.`);
  const objects = [...readResults(answer, path).values()];
  return { objects, hasMore: readAfter(paging) !== undefined, total, complete };
}

function describeSearch({ filters, properties, limit }: Search): { body: object; complete: boolean } {
  const frame = {
    filterGroups: filters.length === 0 ? [] : [{ filters }],
    sorts: [{ propertyName: 'hs_object_id', direction: 'ASCENDING' }],
    limit,
  };
  const body = { ...frame, properties };
  return JSON.stringify(body).length <= LONGEST_BODY
    ? { body, complete: true }
    : { body: { ...frame, properties: ['hs_object_id'] }, complete: false };
}

function limiterOf(config: HubspotConfig): RateLimiter {
  let limiter = limiters.get(config);
  if (!limiter) {
    const { searchesPerSecond: requests, concurrent } = config.rateLimit;
    limiter = new RateLimiter({ requests, intervalMs: INTERVAL_MS, concurrent });
    limiters.set(config, limiter);
  }
  return limiter;
}
