import type { Notification } from '@crm-mesh/contract';
import { toIsoTime } from '@crm-mesh/sdk/kit';
import type { Row } from './lists.js';

const SECOND_MS = 1_000;
/** How much later than the record's own time its webhook may say that it changed, and still mean the same change. */
const SAME_CHANGE_MS = 5_000;

/** Deleted records are shown for 30 days. */
export function isGone(row: Row): boolean {
  return row.is_deleted === true || row.status === 'deleted';
}

/**
 * When the state became true, so that states can be put in order. Records tell whole seconds, webhooks milliseconds: a
 * webhook's own time stands within the second of its record; what was read from the API later holds all that happened
 * in that second, so it stands at the end of it.
 */
export function readStateTime(row: Row, { fetched, modifiedAt, origin }: Notification): string | undefined {
  const own = toIsoTime(row.update_time);
  if (own === undefined || own.length === 10) return modifiedAt;
  const startMs = Math.floor(Date.parse(own) / SECOND_MS) * SECOND_MS;
  const endMs = startMs + SECOND_MS - 1;
  const saidMs = modifiedAt === undefined ? NaN : Date.parse(modifiedAt);
  if (fetched === undefined || origin !== 'webhook' || Number.isNaN(saidMs)) return new Date(endMs).toISOString();
  const isSame = saidMs < endMs + SAME_CHANGE_MS;
  return new Date(isSame ? Math.min(Math.max(saidMs, startMs), endMs) : saidMs).toISOString();
}
