import type { FetchedRecords, SourceContext } from '@crm-mesh/sdk';
import { Unavailable } from '@crm-mesh/sdk';
import { isObject, readId } from '../kit/read-value.js';
import { apiOf, type HubspotApi } from './api.js';
import type { HubspotConfig } from './config.js';
import { pathOfEntity } from './object-types.js';
import { LINE_ITEM_PROPERTIES, listAssociations, listProperties } from './properties.js';

/** What the batch endpoints take at most. */
const BATCH_SIZE = 100;

/** An object as `batch/read` gives it. */
export interface HubspotObject {
  id: string;
  properties: Readonly<Record<string, string | null>>;
  createdAt?: string;
  updatedAt?: string;
}

/** An object with what it is linked to. */
export interface FetchedObject extends HubspotObject {
  /** Ids by object type, the primary one first, then in ascending order. */
  associations: Readonly<Record<string, readonly string[]>>;
  lineItems: readonly HubspotObject[];
}

/**
 * Reads up to 100 records with their associations: one batch read, one per associated type beside it, and one for all
 * line items. However many records wait, these are the calls: reading each record alone would take fewer for one, and
 * a hundred for a hundred.
 */
export async function fetchHubspot(
  entity: string,
  ids: readonly string[],
  context: SourceContext<HubspotConfig>,
): Promise<FetchedRecords> {
  const api = apiOf(context);
  const path = pathOfEntity(entity);
  const types = listAssociations(entity, context.config);
  const [objects, ...links] = await Promise.all([
    readObjects(api, { path, ids, properties: listProperties(entity, context.config) }),
    ...types.map((type) => readLinks(api, { path, type, ids })),
  ]);
  const lineItems = await readLineItems(api, links[types.indexOf('line_items')]);
  const fetched = new Map<string, unknown>();
  for (const [id, object] of objects) {
    if (object instanceof Error) fetched.set(id, object);
    else {
      const associations = Object.fromEntries(types.map((type, index) => [type, links[index]?.get(id) ?? []]));
      const lines = (associations.line_items ?? []).flatMap((line) => lineItems.get(line) ?? []);
      fetched.set(id, { ...object, associations, lineItems: lines } satisfies FetchedObject);
    }
  }
  return fetched;
}

interface ObjectsRequest {
  path: string;
  ids: readonly string[];
  properties: readonly string[];
}

/** Objects by id; an Error for one that HubSpot refused to read, nothing for one that does not exist. */
async function readObjects(
  api: HubspotApi,
  { path, ids, properties }: ObjectsRequest,
): Promise<Map<string, HubspotObject | Error>> {
  const answer = await api.request({
    method: 'POST',
    path: `/crm/v3/objects/${encodeURIComponent(path)}/batch/read`,
    body: { properties, inputs: ids.map((id) => ({ id })) },
  });
  const objects = new Map<string, HubspotObject | Error>();
  for (const { category, ids: failed } of listFailures(answer)) {
    if (category === 'OBJECT_NOT_FOUND') continue;
    for (const id of failed) objects.set(id, new Error(`HubSpot could not read this object of ${path}: ${category}.`));
  }
  for (const object of resultsOf(answer)) {
    const id = readId(object.id);
    if (id === undefined || !isObject(object.properties))
      throw new Unavailable(`HubSpot answered with an object of ${path} that has no id or properties.`);
    objects.set(id, { ...object, id } as unknown as HubspotObject);
  }
  return objects;
}

interface LinksRequest {
  path: string;
  type: string;
  ids: readonly string[];
}

/** Ids of one associated type, by record. Pages of records with very many associations are followed. */
async function readLinks(api: HubspotApi, { path, type, ids }: LinksRequest): Promise<Map<string, string[]>> {
  const found = new Map<string, Link[]>();
  let inputs: { id: string; after?: string }[] = ids.map((id) => ({ id }));
  while (inputs.length > 0) {
    const answer = await api.request({
      method: 'POST',
      path: `/crm/v4/associations/${encodeURIComponent(path)}/${encodeURIComponent(type)}/batch/read`,
      body: { inputs },
    });
    throwUnlessNotFound(answer, `${path} → ${type}`);
    inputs = resultsOf(answer).flatMap((result) => {
      const id = isObject(result.from) ? readId(result.from.id) : undefined;
      if (id === undefined) return [];
      found.set(id, [...(found.get(id) ?? []), ...readTargets(result.to)]);
      const after = readAfter(result.paging);
      return after === undefined ? [] : [{ id, after }];
    });
  }
  return new Map([...found].map(([id, links]) => [id, sortLinks(links)]));
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

function compareIds(left: string, right: string): number {
  return left.length - right.length || (left < right ? -1 : Number(left > right));
}

function readAfter(paging: unknown): string | undefined {
  return isObject(paging) && isObject(paging.next) ? readId(paging.next.after) : undefined;
}

async function readLineItems(
  api: HubspotApi,
  links: ReadonlyMap<string, readonly string[]> | undefined,
): Promise<Map<string, HubspotObject>> {
  const ids = [...new Set([...(links?.values() ?? [])].flat())];
  const items = new Map<string, HubspotObject>();
  for (let start = 0; start < ids.length; start += BATCH_SIZE) {
    const batch = { path: 'line_items', ids: ids.slice(start, start + BATCH_SIZE), properties: LINE_ITEM_PROPERTIES };
    for (const [id, object] of await readObjects(api, batch)) {
      // A deal must not be told without lines that it has.
      if (object instanceof Error) throw object;
      items.set(id, object);
    }
  }
  return items;
}

function resultsOf(answer: unknown): Record<string, unknown>[] {
  const results = isObject(answer) ? answer.results : undefined;
  if (!Array.isArray(results)) throw new Unavailable('HubSpot answered without a list of results: is `apiUrl` right?');
  return (results as unknown[]).filter(isObject);
}

interface Failure {
  category: string;
  ids: string[];
}

/** What HubSpot could not read of a batch (207). */
function listFailures(answer: unknown): Failure[] {
  const errors = isObject(answer) && Array.isArray(answer.errors) ? (answer.errors as unknown[]) : [];
  return errors.filter(isObject).map((error) => {
    const ids = isObject(error.context) ? (error.context.ids ?? error.context.fromObjectId) : undefined;
    return {
      category: typeof error.category === 'string' ? error.category : 'no category',
      ids: Array.isArray(ids) ? ids.flatMap((id: unknown) => readId(id) ?? []) : [],
    };
  });
}

function throwUnlessNotFound(answer: unknown, what: string): void {
  const failure = listFailures(answer).find(({ category }) => category !== 'OBJECT_NOT_FOUND');
  if (failure) throw new Error(`HubSpot could not read the associations ${what}: ${failure.category}.`);
}
