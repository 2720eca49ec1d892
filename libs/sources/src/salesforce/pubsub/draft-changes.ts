import type { Change } from '@crm-mesh/contract';
import type { NotificationDraft, SourceContext } from '@crm-mesh/sdk';
import { toIsoTime } from '@crm-mesh/sdk/kit';
import type { SalesforceConfig } from '../config.js';
import { toId18 } from '../ids.js';
import { draftGone, findWinners, type Gone } from '../merges.js';
import { entityOf } from '../objects.js';
import type { ChangeEvent } from './decode-event.js';

/** An event and the id that is the same however often it is delivered. */
export interface Told {
  eventId: string;
  event: ChangeEvent;
}

/** Gap events say that something happened, and not what: the record is read in any case. */
const CHANGES: Readonly<Record<string, Change>> = {
  CREATE: 'created',
  UPDATE: 'updated',
  DELETE: 'deleted',
  UNDELETE: 'restored',
  GAP_CREATE: 'created',
  GAP_UPDATE: 'updated',
  GAP_DELETE: 'deleted',
  GAP_UNDELETE: 'restored',
};

/** What happened to one record. */
interface OneChange {
  object: string;
  change: Change;
  one: Gone;
}

/**
 * One sign for each record that the events name, in their order. `lost` is told of what names none: an overflow, or a
 * wildcard (`003*`) in place of ids.
 */
export async function draftChanges(
  told: readonly Told[],
  context: SourceContext<SalesforceConfig>,
  lost: (why: string) => void,
): Promise<NotificationDraft[]> {
  const changes = told.flatMap((event) => readChanges(event, lost));
  const winners = new Map<string, string>();
  for (const [object, ids] of listDeleted(changes))
    for (const [loser, winner] of await findWinners(object, ids, context)) winners.set(loser, winner);
  return changes.flatMap(({ object, change, one }) =>
    change === 'deleted' ? draftGone(object, one, winners.get(one.id)) : [draftOne(object, change, one)],
  );
}

function readChanges({ eventId, event }: Told, lost: (why: string) => void): OneChange[] {
  const { entityName: object, changeType, recordIds, commitTimestamp } = event.ChangeEventHeader;
  const change = Object.hasOwn(CHANGES, changeType) ? CHANGES[changeType] : undefined;
  const ids = change === undefined ? [] : recordIds.flatMap((id) => toId18(id) ?? []);
  if (ids.length === 0 || ids.length < recordIds.length)
    lost(`Salesforce told a change of ${object} (${changeType}) without saying of which records.`);
  const modifiedAt = toIsoTime(commitTimestamp, 'ms');
  return ids.map((id) => ({
    object,
    change: change ?? 'unknown',
    one: { id, modifiedAt, key: `cdc/${eventId}/${id}`, payload: event },
  }));
}

function listDeleted(changes: readonly OneChange[]): Map<string, string[]> {
  const byObject = new Map<string, string[]>();
  for (const { object, change, one } of changes)
    if (change === 'deleted') byObject.set(object, [...(byObject.get(object) ?? []), one.id]);
  return byObject;
}

function draftOne(object: string, change: Change, { id, modifiedAt, key, payload }: Gone): NotificationDraft {
  const at = modifiedAt === undefined ? {} : { modifiedAt };
  return { entity: entityOf(object), id, change, dedupeKey: key, ...at, payload };
}
