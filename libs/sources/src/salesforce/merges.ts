import type { NotificationDraft, SourceContext } from '@crm-mesh/sdk';
import { isRefusedWith } from './api.js';
import type { SalesforceConfig } from './config.js';
import { toId18 } from './ids.js';
import { entityOf } from './objects.js';
import { chunk, query, quoteIds, type Row } from './query.js';

/** Salesforce merges no others. */
const MERGEABLE = ['Account', 'Case', 'Contact', 'Lead'];

/** A record that Salesforce says is deleted. */
export interface Gone {
  id: string;
  modifiedAt: string | undefined;
  /** What tells this deletion from others. */
  key: string;
  payload: unknown;
}

/** What the deletions of one object come to. */
export async function tellGone(
  object: string,
  gone: readonly Gone[],
  context: SourceContext<SalesforceConfig>,
): Promise<NotificationDraft[]> {
  const ids = gone.map(({ id }) => id);
  const winners = await findWinners(object, ids, context);
  return gone.flatMap((one) => draftGone(object, one, winners.get(one.id)));
}

/** The deletion, and before it the merge that it is a part of: told of the record that stays. */
export function draftGone(
  object: string,
  { id, modifiedAt, key, payload }: Gone,
  winner: string | undefined,
): NotificationDraft[] {
  const told = { entity: entityOf(object), ...(modifiedAt !== undefined && { modifiedAt }), payload };
  const deleted: NotificationDraft = { ...told, id, change: 'deleted', dedupeKey: key };
  if (winner === undefined) return [deleted];
  return [{ ...told, id: winner, change: 'merged', mergedIds: [id], dedupeKey: `${key}/into/${winner}` }, deleted];
}

/**
 * By the id of a loser the record that has swallowed it. Salesforce tells a merge as the deletion of the losers alone: the
 * recycle bin knows into which record they went.
 */
export async function findWinners(
  object: string,
  ids: readonly string[],
  context: SourceContext<SalesforceConfig>,
): Promise<Map<string, string>> {
  const winners = new Map<string, string>();
  if (!MERGEABLE.includes(object)) return winners;
  for (const part of chunk([...new Set(ids)])) {
    for (const { Id, MasterRecordId } of await readBin(object, part, context)) {
      const [loser, winner] = [toId18(Id), toId18(MasterRecordId)];
      if (loser !== undefined && winner !== undefined) winners.set(loser, winner);
    }
  }
  return winners;
}

async function readBin(
  object: string,
  ids: readonly string[],
  context: SourceContext<SalesforceConfig>,
): Promise<readonly Row[]> {
  const soql = `SELECT Id, MasterRecordId FROM ${object} WHERE IsDeleted = true AND Id IN ${quoteIds(ids)}`;
  try {
    return (await query(soql, context, 'queryAll')).records;
  } catch (error) {
    // Hidden from this user: a deletion is then all that can be told, and must not hold up what comes behind it.
    if (isRefusedWith(error, 'INVALID_FIELD')) return [];
    throw error;
  }
}
