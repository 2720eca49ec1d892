import type { NotificationDraft, SourceContext } from '@crm-mesh/sdk';
import type { SalesforceConfig } from './config.js';
import { toId18 } from './ids.js';
import { entityOf } from './objects.js';
import { chunk, query, quoteIds } from './query.js';

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

/**
 * What deletions come to. A merge is told as the deletion of the losers alone: the recycle bin knows into which record
 * they went, and that one is told to have swallowed them.
 */
export async function tellGone(
  object: string,
  gone: readonly Gone[],
  context: SourceContext<SalesforceConfig>,
): Promise<NotificationDraft[]> {
  const winners = await findWinners(object, gone, context);
  return gone.flatMap(({ id, modifiedAt, key, payload }) => {
    const told = { entity: entityOf(object), ...(modifiedAt !== undefined && { modifiedAt }), payload };
    const winner = winners.get(id);
    const merged: NotificationDraft[] =
      winner === undefined
        ? []
        : [{ ...told, id: winner, change: 'merged', mergedIds: [id], dedupeKey: `${key}/into/${winner}` }];
    return [...merged, { ...told, id, change: 'deleted' as const, dedupeKey: key }];
  });
}

async function findWinners(
  object: string,
  gone: readonly Gone[],
  context: SourceContext<SalesforceConfig>,
): Promise<Map<string, string>> {
  const winners = new Map<string, string>();
  if (!MERGEABLE.includes(object)) return winners;
  for (const part of chunk([...new Set(gone.map(({ id }) => id))])) {
    const where = `IsDeleted = true AND Id IN ${quoteIds(part)}`;
    const { records } = await query(`SELECT Id, MasterRecordId FROM ${object} WHERE ${where}`, context, 'queryAll');
    for (const { Id, MasterRecordId } of records) {
      const [loser, winner] = [toId18(Id), toId18(MasterRecordId)];
      if (loser !== undefined && winner !== undefined) winners.set(loser, winner);
    }
  }
  return winners;
}
