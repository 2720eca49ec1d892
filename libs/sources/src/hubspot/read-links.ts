import { isObject, readId } from '@crm-mesh/sdk/kit';
import type { HubspotApi } from './api.js';
import { askApart } from './ask-apart.js';
import { listErrors } from './batch-failures.js';
import { readAfter, resultsOf } from './read-objects.js';

interface LinksRequest {
  path: string;
  type: string;
  ids: readonly string[];
}

/** Ids of one associated type, by record; an Error for a record of which they could not be read. */
export async function readLinks(
  api: HubspotApi,
  { path, type, ids }: LinksRequest,
): Promise<Map<string, string[] | Error>> {
  const links = new Map<string, string[] | Error>();
  const refused = await askApart(ids, async (asked) => {
    for (const [id, own] of await readPages(api, { path, type, ids: asked })) links.set(id, own);
  });
  return new Map([...links, ...refused]);
}

/** Pages of records with very many associations are followed. */
async function readPages(api: HubspotApi, { path, type, ids }: LinksRequest): Promise<Map<string, string[] | Error>> {
  const found = new Map<string, Link[]>();
  const errors = new Map<string, Error>();
  let inputs: { id: string; after?: string }[] = ids.map((id) => ({ id }));
  while (inputs.length > 0) {
    const answer = await api.request({
      method: 'POST',
      path: `/crm/v4/associations/${encodeURIComponent(path)}/${encodeURIComponent(type)}/batch/read`,
      body: { inputs },
    });
    const asked = inputs.map(({ id }) => id);
    const results = resultsOf(answer);
    inputs = results.flatMap((result) => {
      const id = isObject(result.from) ? readId(result.from.id) : undefined;
      if (id === undefined) return [];
      found.set(id, [...(found.get(id) ?? []), ...readTargets(result.to)]);
      const after = readAfter(result.paging);
      return after === undefined ? [] : [{ id, after }];
    });
    const answered = new Set(results.flatMap(({ from }) => (isObject(from) ? (readId(from.id) ?? []) : [])));
    const batch = { what: `the associations ${path} → ${type} of this object`, asked, found: answered };
    for (const [id, error] of listErrors(answer, batch)) errors.set(id, error);
  }
  const read = new Map<string, string[] | Error>(errors);
  for (const [id, links] of found) if (!errors.has(id)) read.set(id, sortLinks(links));
  return read;
}

interface Link {
  id: string;
  primary: boolean;
}

function readTargets(targets: unknown): Link[] {
  return (Array.isArray(targets) ? (targets as unknown[]) : []).flatMap((target) => {
    const id = isObject(target) ? readId(target.toObjectId) : undefined;
    const types =
      isObject(target) && Array.isArray(target.associationTypes) ? (target.associationTypes as unknown[]) : [];
    return id === undefined ? [] : [{ id, primary: types.some(isPrimary) }];
  });
}

/** HubSpot's own type 5 is the deal's primary company; everywhere the label says it too. */
function isPrimary(type: unknown): boolean {
  if (!isObject(type) || type.category !== 'HUBSPOT_DEFINED') return false;
  return type.typeId === 5 || type.label === 'Primary';
}

/** HubSpot promises no order: a stable one, so that the same links are the same content. */
function sortLinks(links: readonly Link[]): string[] {
  const sorted = [...links].toSorted((a, b) => Number(b.primary) - Number(a.primary) || compareIds(a.id, b.id));
  return [...new Set(sorted.map(({ id }) => id))];
}

/** Ids are numbers that may be longer than a double holds. */
export function compareIds(left: string, right: string): number {
  return left.length - right.length || (left < right ? -1 : Number(left > right));
}
