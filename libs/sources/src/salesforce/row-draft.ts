import { hash } from 'node:crypto';
import { Unavailable, type NotificationDraft } from '@crm-mesh/sdk';
import { toIsoTime } from '@crm-mesh/sdk/kit';
import { toId18 } from './ids.js';
import { entityOf } from './objects.js';
import type { Row } from './query.js';

/**
 * A row that was read, as a sign of what it says. `SystemModstamp` counts seconds: two changes within one are told apart
 * by what the row holds.
 */
export function draftRow(object: string, row: Row, fetched: boolean): NotificationDraft {
  const { id, modifiedAt } = readVersion(object, row);
  const content = fetched ? `/${hash('sha256', JSON.stringify(row), 'base64url').slice(0, 16)}` : '';
  return {
    entity: entityOf(object),
    id,
    change: row.CreatedDate !== undefined && row.CreatedDate === row.SystemModstamp ? 'created' : 'updated',
    dedupeKey: `row/${id}/${modifiedAt}${content}`,
    modifiedAt,
    payload: { object, Id: id, SystemModstamp: row.SystemModstamp },
    ...(fetched && { fetched: row }),
  };
}

function readVersion(object: string, { Id, SystemModstamp }: Row): { id: string; modifiedAt: string } {
  const id = toId18(Id);
  const modifiedAt = toIsoTime(SystemModstamp);
  if (id !== undefined && modifiedAt !== undefined) return { id, modifiedAt };
  throw new Unavailable(`Salesforce answered with a row of ${object} that has no Id or SystemModstamp.`);
}
