import type { Action, AnyRecord, Deal, Notification } from '@crm-mesh/contract';
import type { LedgerEntry } from '@crm-mesh/ledger';

interface Change {
  entry: LedgerEntry | undefined;
  record: AnyRecord;
  notification: Notification;
}

/** The one action of a record that is there: the most specific that its change and its history allow. */
export function chooseAction({ entry, record, notification }: Change): Action {
  const isDeal = notification.entity === 'deal';
  if (!entry || entry.version === 0) return isDeal ? chooseFirstDealAction(record as Deal, notification) : 'created';
  if (entry.state !== 'present') return 'restored';
  return isDeal ? chooseDealAction(entry.data as Deal, record as Deal) : 'updated';
}

/** A deal seen for the first time as won was won just now, unless it is loaded with all the others. */
function chooseFirstDealAction(deal: Deal, notification: Notification): Action {
  if (notification.origin === 'backfill' || deal.status === 'open') return 'created';
  return deal.status;
}

function chooseDealAction(before: Deal, after: Deal): Action {
  if (before.status !== after.status) return after.status === 'open' ? 'reopened' : after.status;
  const isMoved = before.stage !== after.stage || before.pipeline !== after.pipeline;
  return isMoved ? 'stage-changed' : 'updated';
}
