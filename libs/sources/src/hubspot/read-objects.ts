import { Unavailable } from '@crm-mesh/sdk';
import { isObject, readId, toIsoTime } from '@crm-mesh/sdk/kit';
import type { HubspotApi } from './api.js';
import { askApart } from './ask-apart.js';
import { listErrors } from './batch-failures.js';

/** An object as `batch/read` gives it. */
export interface HubspotObject {
  id: string;
  properties: Readonly<Record<string, string | null>>;
  createdAt?: string;
  updatedAt?: string;
  archivedAt?: string;
}

interface ObjectsRequest {
  path: string;
  ids: readonly string[];
  properties: readonly string[];
}

/** Objects by id; an Error for one that HubSpot refused to read, nothing for one that does not exist. */
export async function readObjects(
  api: HubspotApi,
  { path, ids, properties }: ObjectsRequest,
): Promise<Map<string, HubspotObject | Error>> {
  const objects = new Map<string, HubspotObject | Error>();
  const refused = await askApart(ids, async (asked) => {
    const answer = await api.request({
      method: 'POST',
      path: `/crm/v3/objects/${encodeURIComponent(path)}/batch/read`,
      body: { properties, inputs: asked.map((id) => ({ id })) },
    });
    const found = readResults(answer, path);
    const batch = { what: `this object of ${path}`, asked, found: new Set(found.keys()) };
    for (const [id, object] of [...listErrors(answer, batch), ...found]) objects.set(id, object);
  });
  return new Map([...objects, ...refused]);
}

/** In the order in which they were given. */
export function readResults(answer: unknown, path: string): Map<string, HubspotObject> {
  const objects = new Map<string, HubspotObject>();
  for (const object of resultsOf(answer)) {
    const id = readId(object.id);
    if (id === undefined || !isObject(object.properties))
      throw new Unavailable(`HubSpot answered with an object of ${path} that has no id or properties.`);
    objects.set(id, { ...object, id } as unknown as HubspotObject);
  }
  return objects;
}

export function resultsOf(answer: unknown): Record<string, unknown>[] {
  const results = isObject(answer) ? answer.results : undefined;
  if (!Array.isArray(results)) throw new Unavailable('HubSpot answered without a list of results: is `apiUrl` right?');
  return (results as unknown[]).filter(isObject);
}

/** When the object was changed last; contacts call the property otherwise than all others do. */
export function modifiedAtOf({ properties, updatedAt }: HubspotObject): string | undefined {
  return toIsoTime(properties.lastmodifieddate || properties.hs_lastmodifieddate || updatedAt, 'ms');
}

/** Where the next page of a list begins; undefined: this was the last. */
export function readAfter(paging: unknown): string | undefined {
  return isObject(paging) && isObject(paging.next) ? readId(paging.next.after) : undefined;
}
