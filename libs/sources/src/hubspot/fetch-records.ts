import type { FetchedRecords, SourceContext } from '@crm-mesh/sdk';
import { apiOf, type HubspotApi } from './api.js';
import type { HubspotConfig } from './config.js';
import { pathOfEntity } from './object-types.js';
import { LINE_ITEM_PROPERTIES, listAssociations, listProperties } from './properties.js';
import { readLinks } from './read-links.js';
import { readObjects, type HubspotObject } from './read-objects.js';

/** What the batch endpoints take at most. */
const BATCH_SIZE = 100;

/** An object with what it is linked to. */
export interface FetchedObject extends HubspotObject {
  /** Ids by object type, the primary one first, then in ascending order. */
  associations: Readonly<Record<string, readonly string[]>>;
  lineItems: readonly HubspotObject[];
}

/**
 * Reads up to 100 records with their associations: one batch read, one per associated type beside it, and one for all
 * line items. However many records wait, these are the calls: reading each record alone would take fewer for one, and
 * a hundred for a hundred. What cannot be read of one record is an Error in the place of that record alone.
 */
export async function fetchHubspot(
  entity: string,
  ids: readonly string[],
  context: SourceContext<HubspotConfig>,
): Promise<FetchedRecords> {
  const request = { path: pathOfEntity(entity), ids, properties: listProperties(entity, context.config) };
  const [objects, related] = await Promise.all([
    readObjects(apiOf(context), request),
    readRelated(entity, ids, context),
  ]);
  return new Map([...objects].map(([id, object]) => [id, joinObject(object, related)]));
}

/** The same for up to 100 objects that a page gave already: the batch read is saved, what they are linked to is not. */
export async function completeObjects(
  entity: string,
  objects: readonly HubspotObject[],
  context: SourceContext<HubspotConfig>,
): Promise<FetchedRecords> {
  const ids = objects.map(({ id }) => id);
  const related = await readRelated(entity, ids, context);
  return new Map(objects.map((object) => [object.id, joinObject(object, related)]));
}

type Read<Value> = ReadonlyMap<string, Value | Error>;

interface Related {
  links: ReadonlyMap<string, Read<readonly string[]>>;
  lineItems: Read<HubspotObject>;
}

async function readRelated(
  entity: string,
  ids: readonly string[],
  context: SourceContext<HubspotConfig>,
): Promise<Related> {
  const api = apiOf(context);
  const path = pathOfEntity(entity);
  const types = listAssociations(entity, context.config);
  const lists = await Promise.all(types.map((type) => readLinks(api, { path, type, ids })));
  const links = new Map(types.map((type, index) => [type, lists[index]!]));
  return { links, lineItems: await readLineItems(api, links.get('line_items')) };
}

/** A record must not be told without links or lines that it has: what of them could not be read is its own error. */
function joinObject(object: HubspotObject | Error, { links, lineItems }: Related): FetchedObject | Error {
  if (object instanceof Error) return object;
  const associations: Record<string, readonly string[]> = {};
  for (const [type, byRecord] of links) {
    const own = byRecord.get(object.id) ?? [];
    if (own instanceof Error) return own;
    associations[type] = own;
  }
  const lines: HubspotObject[] = [];
  for (const id of associations.line_items ?? []) {
    const line = lineItems.get(id);
    if (line instanceof Error) return line;
    if (line) lines.push(line);
  }
  return { ...object, associations, lineItems: lines };
}

async function readLineItems(
  api: HubspotApi,
  links: Read<readonly string[]> | undefined,
): Promise<Map<string, HubspotObject | Error>> {
  const lists = [...(links?.values() ?? [])].flatMap((own) => (own instanceof Error ? [] : own));
  const ids = [...new Set(lists)];
  const items = new Map<string, HubspotObject | Error>();
  for (let start = 0; start < ids.length; start += BATCH_SIZE) {
    const batch = { path: 'line_items', ids: ids.slice(start, start + BATCH_SIZE), properties: LINE_ITEM_PROPERTIES };
    for (const [id, object] of await readObjects(api, batch)) items.set(id, object);
  }
  return items;
}
