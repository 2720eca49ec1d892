import type { FetchedRecords, NotificationDraft, SourceContext } from '@crm-mesh/sdk';
import { hash } from 'node:crypto';
import type { HubspotConfig } from './config.js';
import { completeObjects, fetchHubspot } from './fetch-records.js';
import { modifiedAtOf, type HubspotObject } from './read-objects.js';

type Context = SourceContext<HubspotConfig>;

/** What the batch endpoints take at most. */
const BATCH_SIZE = 100;

/** Rows of one page, and how they were asked for. */
export interface Rows {
  entity: string;
  rows: readonly HubspotObject[];
  /** Whether each has the properties that `fetch` reads. */
  complete: boolean;
}

/**
 * Rows as signs that carry what `fetch` would read, so that nothing is read twice. For each hundred rows it costs a call
 * for each associated type, and one for the line items: a hundred contacts none, a hundred deals four (a fetch: five).
 * A row that could not be completed carries nothing: it is fetched in its turn, and its error is its own.
 */
export async function draftRows(page: Rows, context: Context): Promise<NotificationDraft[]> {
  const drafts: NotificationDraft[] = [];
  for (let start = 0; start < page.rows.length; start += BATCH_SIZE) {
    const rows = page.rows.slice(start, start + BATCH_SIZE);
    const fetched = await complete({ ...page, rows }, context);
    for (const row of rows) drafts.push(draftRow(page.entity, row, fetched.get(row.id)));
  }
  return drafts;
}

function complete({ entity, rows, complete: isComplete }: Rows, context: Context): Promise<FetchedRecords> {
  if (isComplete) return completeObjects(entity, rows, context);
  const ids = rows.map(({ id }) => id);
  return fetchHubspot(entity, ids, context);
}

function draftRow(entity: string, row: HubspotObject, fetched: unknown): NotificationDraft {
  const isRead = fetched !== undefined && !(fetched instanceof Error);
  return { ...draftVersion(entity, isRead ? (fetched as HubspotObject) : row), ...(isRead && { fetched }) };
}

/** What of an object says that others were merged into it. */
export const MERGED_PROPERTIES = ['hs_merged_object_ids', 'hs_calculated_merged_vids'];

/**
 * Which record is at which version, and whom it has swallowed: the same however often it is seen, another when anything in
 * it is another.
 */
export function draftVersion(entity: string, object: HubspotObject): NotificationDraft {
  const modifiedAt = modifiedAtOf(object);
  const mergedIds = listMerged(object);
  const content = hash('sha256', JSON.stringify(object), 'base64url').slice(0, 16);
  return {
    entity,
    id: object.id,
    change: 'unknown',
    dedupeKey: ['row', entity, object.id, modifiedAt ?? '', content].join('/'),
    ...(modifiedAt !== undefined && { modifiedAt }),
    ...(mergedIds.length > 0 && { mergedIds }),
    // The object itself stands in `fetched`.
    payload: { id: object.id, updatedAt: modifiedAt ?? null },
  };
}

/**
 * Ids of the records that this one has swallowed: `1;2`, and of contacts also `1:1774368000000;2:…`. HubSpot's reference
 * names neither property; others read them so. What was swallowed is in no list any more, not even in that of the
 * archived (UNCONFIRMED), so the remaining record alone tells of a merge.
 */
function listMerged({ id, properties }: HubspotObject): string[] {
  const { hs_merged_object_ids: ids, hs_calculated_merged_vids: vids } = properties;
  if (!ids && !vids) return [];
  const parts = [ids, vids].flatMap((list) => (list ?? '').split(';')).map((part) => part.split(':')[0]!.trim());
  return [...new Set(parts)].filter((part) => /^\d+$/.test(part) && part !== id);
}
