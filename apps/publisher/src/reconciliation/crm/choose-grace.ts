import type { Connection } from '../../connections/connections.js';
import { chooseJitterMs, findNextMs } from '../../polling/poll-rules.js';

/**
 * Webhooks and streams come within seconds, signs of one record are gathered for a second or two, and HubSpot's search
 * knows of a change some ten seconds late: after a minute all of it has come, or been missed.
 */
const GRACE_MS = 60_000;
/** No run waits longer for a poll that is due at night. */
const LONGEST_MS = 900_000;

type Told = Pick<Connection, 'poll' | 'webhookGraceMs' | 'reconcileGraceMs'> & {
  source: Pick<Connection['source'], 'split' | 'subscribe'>;
};

/** How long after it was proved a difference must stand: whatever tells of changes has had its time by then. */
export function chooseGraceMs({ source, poll, webhookGraceMs = 0, reconcileGraceMs }: Told, nowMs: number): number {
  if (reconcileGraceMs !== undefined) return reconcileGraceMs;
  const graceMs = Math.max(GRACE_MS, webhookGraceMs);
  if (!poll || source.split || source.subscribe) return graceMs;
  const dueMs = findNextMs(poll.schedule, nowMs);
  const pollMs = dueMs - nowMs + chooseJitterMs(poll, dueMs) + poll.lagMs;
  return Math.min(graceMs + pollMs, LONGEST_MS);
}
