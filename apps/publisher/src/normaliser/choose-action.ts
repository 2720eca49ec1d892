import type { Action, AnyRecord, Contract, Deal, Notification, Quote } from '@crm-mesh/contract';
import type { LedgerEntry } from '@crm-mesh/ledger';

interface Change {
  entry: LedgerEntry | undefined;
  record: AnyRecord;
  notification: Notification;
}

/** The one action of a record that is there: the most specific that its change and its history allow. */
export function chooseAction({ entry, record, notification }: Change): Action {
  const { entity, origin } = notification;
  // What is loaded with all the others has not happened just now.
  if (!entry || entry.version === 0)
    return origin === 'backfill' ? 'created' : (findStep(entity, undefined, record) ?? 'created');
  if (entry.state !== 'present') return 'restored';
  return findStep(entity, entry.data, record) ?? 'updated';
}

/** What the change is by itself; a record seen for the first time as won was won just now. */
function findStep(entity: string, before: AnyRecord | undefined, after: AnyRecord): Action | undefined {
  if (entity === 'deal') return findDealStep(before as Deal | undefined, after as Deal);
  const isApproval = (entity === 'quote' || entity === 'contract') && !isApproved(before) && isApproved(after);
  return isApproval ? 'approved' : undefined;
}

function findDealStep(before: Deal | undefined, after: Deal): Action | undefined {
  if (!before) return after.status === 'open' ? undefined : after.status;
  if (before.status !== after.status) return after.status === 'open' ? 'reopened' : after.status;
  const isMoved = before.stage !== after.stage || before.pipeline !== after.pipeline;
  return isMoved ? 'stage-changed' : undefined;
}

/** What the customer accepted had been approved, seen or not. */
function isApproved(record: AnyRecord | undefined): boolean {
  const status = (record as Quote | Contract | undefined)?.status;
  return status === 'approved' || status === 'accepted';
}
