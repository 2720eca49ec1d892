import {
  Unavailable,
  type NotificationDraft,
  type PollPage,
  type PollRequest,
  type SourceContext,
} from '@crm-mesh/sdk';
import type { HubspotConfig } from './config.js';
import { readPage } from './read-page.js';
import { draftRows } from './page-rows.js';
import { listProperties } from './properties.js';
import { compareIds } from './read-links.js';
import { modifiedAtOf, type HubspotObject } from './read-objects.js';
import { searchObjects } from './search-objects.js';

type Context = SourceContext<HubspotConfig>;

/** The longest page of a search. */
const PAGE_SIZE = 200;
const CHANGED = 'changed/';
const ARCHIVED = 'archived/';

/**
 * First what was changed in the window, then what was deleted in it. Each page is a search of its own for ids behind the
 * last one: a search ends after 10,000 results, and any number of records may have been changed at one time.
 */
export async function pollHubspot(request: PollRequest, context: Context): Promise<PollPage> {
  const cursor = request.cursor ?? `${CHANGED}0`;
  if (cursor.startsWith(ARCHIVED)) return pollArchived(request, cursor.slice(ARCHIVED.length), context);
  return pollChanged(request, cursor.slice(CHANGED.length), context);
}

async function pollChanged(request: PollRequest, lastId: string, context: Context): Promise<PollPage> {
  const { entity, fromMs, toMs } = request;
  const property = entity === 'contact' ? 'lastmodifieddate' : 'hs_lastmodifieddate';
  const filters = [
    { propertyName: property, operator: 'GTE', value: String(fromMs) },
    { propertyName: property, operator: 'LTE', value: String(toMs) },
    { propertyName: 'hs_object_id', operator: 'GT', value: lastId },
  ];
  const properties = listProperties(entity, context.config);
  const found = await searchObjects(entity, { filters, properties, limit: PAGE_SIZE }, context);
  checkOrder(found.objects, lastId);
  const drafts = await draftRows({ entity, rows: found.objects, complete: found.complete }, context);
  const last = found.objects.at(-1);
  if (found.hasMore && last) return { drafts, cursor: CHANGED + last.id };
  return { drafts, ...(looksForDeleted(request, context.config) && { cursor: ARCHIVED }) };
}

/** Out of order, records would be passed over for good. */
function checkOrder(objects: readonly HubspotObject[], lastId: string): void {
  let before = lastId;
  for (const { id } of objects) {
    if (compareIds(id, before) <= 0) throw new Unavailable('HubSpot did not sort the results of a search by id.');
    before = id;
  }
}

/** Search does not see deleted records, and their list knows no window: it is read whole. */
async function pollArchived(request: PollRequest, after: string, context: Context): Promise<PollPage> {
  const wanted = { properties: ['hs_object_id'], archived: true, ...(after !== '' && { after }) };
  const page = await readPage(request.entity, wanted, context);
  const drafts = page.objects.flatMap((object) => draftArchived(request, object, context.config) ?? []);
  return { drafts, ...(page.after !== undefined && { cursor: ARCHIVED + page.after }) };
}

/**
 * Carries no object: before it is believed, the record is read once more, as it may have been restored since. Whoever
 * looks less often than in each window goes back as far as it last looked.
 */
function draftArchived(
  { entity, fromMs, toMs }: PollRequest,
  object: HubspotObject,
  { deletionsEveryMs }: HubspotConfig,
): NotificationDraft | undefined {
  const modifiedAt = object.archivedAt ?? modifiedAtOf(object);
  const atMs = Date.parse(modifiedAt ?? '');
  if (modifiedAt === undefined || !(atMs >= fromMs - deletionsEveryMs && atMs <= toMs)) return undefined;
  const { id } = object;
  return {
    entity,
    id,
    change: 'deleted',
    dedupeKey: ['archived', entity, id, modifiedAt].join('/'),
    modifiedAt: new Date(atMs).toISOString(),
    payload: { id, archivedAt: modifiedAt },
  };
}

/** Windows join without a gap, so one of them holds the next full interval after each deletion. */
function looksForDeleted({ fromMs, toMs }: PollRequest, { deletionsEveryMs }: HubspotConfig): boolean {
  if (deletionsEveryMs === 0) return true;
  return Math.floor(toMs / deletionsEveryMs) > Math.floor(fromMs / deletionsEveryMs);
}
