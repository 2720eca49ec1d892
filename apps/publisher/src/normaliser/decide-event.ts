import { diffRecords, type AnyRecord } from '@crm-mesh/contract';
import type { LedgerEntry } from '@crm-mesh/ledger';
import type { MappedRecord } from '@crm-mesh/sdk';
import { applyPatch, markUnread } from '@crm-mesh/sources';
import { chooseAction } from './choose-action.js';
import type { Decision, DecisionInput, Publication } from './decision.js';
import { siftPatch, timeNothing, timePatch, timeWhole } from './sift-patch.js';
import { readStatementTime } from './statement-time.js';

/** What a statement about a record comes to, against what the ledger knows of it. */
export function decideEvent(input: DecisionInput): Decision {
  const atMs = readStatementTime(input);
  switch (input.mapped.state) {
    case 'present':
      return decidePresent(input, atMs);
    case 'deleted':
      return decideDeleted(input, atMs);
    case 'erased':
      return decideErased(input, atMs);
  }
}

function decidePresent(input: DecisionInput, atMs: number): Decision {
  const { entry, mapped, notification } = input;
  if (mapped.state !== 'present') throw new TypeError('not present');
  if (entry && isSwallowed(entry, input)) return { kind: 'drop', reason: 'merged', atMs };
  const swallowed = listSwallowed(input);
  const sifted = mapped.patch && entry?.state === 'present' ? siftPatch(mapped, atMs, entry) : undefined;
  const isOld = sifted ? !sifted.mapped : entry !== undefined && isStale(entry, input, atMs);
  if (isOld && entry) return decideOld(input, swallowed, atMs);
  const known = entry?.state === 'present' ? entry.data : undefined;
  const said = sifted?.mapped ?? mapped;
  const data = markUnread(applyPatch(notification.entity, known, said), entry?.data, said);
  const ofPatch = mapped.patch && (sifted?.fieldTimes ?? timePatch(mapped, atMs, entry));
  const told = { data, atMs, fieldTimes: ofPatch || undefined };
  if (swallowed.length > 0 && isMergeNews(input))
    return publish(input, { ...told, action: 'merged', mergedIds: swallowed });
  const action = chooseAction({ entry, record: data, notification });
  const publication = publish(input, { ...told, action, ...(swallowed.length > 0 && { mergedIds: swallowed }) });
  // No changes is the same as the same hash.
  if (entry?.state === 'present' && Object.keys(publication.changes).length === 0)
    return { kind: 'drop', reason: 'same', atMs, fieldTimes: ofPatch || timeWhole(atMs, entry) };
  return publication;
}

/** A row of a record that was never seen may name what it swallowed long ago: who waits for `created` must hear of it. */
function isMergeNews({ entry, notification }: DecisionInput): boolean {
  return notification.change === 'merged' || (entry !== undefined && entry.version > 0);
}

/** A merge is news however late it comes. */
function decideOld(input: DecisionInput, swallowed: string[], atMs: number): Decision {
  const { entry } = input;
  if (swallowed.length === 0 || entry?.state !== 'present' || !entry.data)
    return { kind: 'drop', reason: 'stale', atMs };
  const told = { data: entry.data, mergedIds: swallowed, atMs, fieldTimes: timeNothing(entry) };
  return publish(input, { action: 'merged', ...told });
}

function decideDeleted(input: DecisionInput, atMs: number): Decision {
  const { entry, mapped, notification } = input;
  const { mergedInto } = mapped as Extract<MappedRecord, { state: 'deleted' }>;
  if (!entry || entry.version === 0) return { kind: 'drop', reason: 'unknown-deleted', atMs, mergedInto };
  if (entry.state !== 'present') return { kind: 'drop', reason: 'same', atMs, mergedInto };
  if (atMs < entry.seenAtMs) return { kind: 'drop', reason: 'stale', atMs };
  return publish(input, { action: 'deleted', data: entry.data ?? { id: notification.id }, atMs, mergedInto });
}

/** An erasure reaches all content that is not newer than it, also that of a record deleted since; and who never saw the record may still hold it downstream. */
function decideErased(input: DecisionInput, atMs: number): Decision {
  const { entry, notification } = input;
  if (entry?.state === 'erased') return { kind: 'drop', reason: 'same', atMs };
  if (entry && atMs < entry.contentAtMs) return { kind: 'drop', reason: 'stale', atMs };
  return publish(input, { action: 'erased', data: { id: notification.id }, atMs });
}

/** At equal times different content is accepted, but what is gone comes back only if the CRM says so. */
function isStale(entry: LedgerEntry, { notification }: DecisionInput, atMs: number): boolean {
  if (atMs !== entry.seenAtMs) return atMs < entry.seenAtMs;
  return entry.state !== 'present' && notification.change !== 'restored';
}

/** What another record has swallowed comes back only if the CRM says so, or gives it under its own id. */
function isSwallowed(entry: LedgerEntry, { notification: { change }, isRead }: DecisionInput): boolean {
  return entry.mergedInto !== undefined && change !== 'restored' && change !== 'created' && isRead !== true;
}

function listSwallowed({ entry, notification }: DecisionInput): string[] {
  const known = new Set(entry?.aliases);
  return [...new Set(notification.mergedIds)].filter((id) => !known.has(id) && id !== notification.id).sort();
}

type Told = Pick<Publication, 'action' | 'data' | 'mergedIds' | 'mergedInto' | 'atMs' | 'fieldTimes'>;

function publish({ entry, notification }: DecisionInput, told: Told): Publication {
  const isGone = told.action === 'deleted' || told.action === 'erased';
  return {
    kind: 'publish',
    version: (entry?.version ?? 0) + 1,
    origin: notification.origin,
    changes: isGone ? {} : diffRecords(entry?.data, told.data as AnyRecord),
    ...told,
  };
}
