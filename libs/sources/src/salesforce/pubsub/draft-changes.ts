import type { Change } from '@crm-mesh/contract';
import type { NotificationDraft, SourceContext } from '@crm-mesh/sdk';
import { toIsoTime } from '@crm-mesh/sdk/kit';
import type { SalesforceConfig } from '../config.js';
import { toId18 } from '../ids.js';
import { tellGone, type Gone } from '../merges.js';
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

/**
 * One sign for each record that the events name. `lost` is told of what names none: an overflow, or a wildcard (`003*`)
 * in place of ids.
 */
export async function draftChanges(
  told: readonly Told[],
  context: SourceContext<SalesforceConfig>,
  lost: (why: string) => void,
): Promise<NotificationDraft[]> {
  const drafts: NotificationDraft[] = [];
  const gone = new Map<string, Gone[]>();
  for (const { eventId, event } of told) {
    const { entityName, changeType, recordIds, commitTimestamp } = event.ChangeEventHeader;
    const ids = recordIds.map(toId18);
    const change = Object.hasOwn(CHANGES, changeType) ? CHANGES[changeType] : undefined;
    if (change === undefined || ids.length === 0 || ids.includes(undefined))
      lost(`Salesforce told a change of ${entityName} (${changeType}) without saying of which records.`);
    const modifiedAt = toIsoTime(commitTimestamp, 'ms');
    for (const id of change === undefined ? [] : ids) {
      if (id === undefined) continue;
      const one = { id, modifiedAt, key: `cdc/${eventId}/${id}`, payload: event };
      if (change === 'deleted') gone.set(entityName, [...(gone.get(entityName) ?? []), one]);
      else drafts.push(draftOne(entityName, change!, one));
    }
  }
  for (const [object, own] of gone) drafts.push(...(await tellGone(object, own, context)));
  return drafts;
}

function draftOne(object: string, change: Change, { id, modifiedAt, key, payload }: Gone): NotificationDraft {
  const at = modifiedAt === undefined ? {} : { modifiedAt };
  return { entity: entityOf(object), id, change, dedupeKey: key, ...at, payload };
}
