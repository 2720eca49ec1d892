import type { Change } from '@crm-mesh/contract';
import type { DropClass, Fate } from '@crm-mesh/control';
import type { Verdict } from '@crm-mesh/delivery';

export interface NotificationView {
  /** In CRM_RAW. */
  sequence: number;
  storedAtMs: number;
  messageId: string;
  change: Change;
  /** When the CRM says that it happened. */
  statedAtMs?: number | undefined;
  /** Of the normaliser. */
  verdict: Verdict;
  /** The same message id lies before it. */
  isRepeated: boolean;
}

/** An event of the record, as far as the notifications behind it are concerned. */
export interface CauseView {
  version: number;
  storedAtMs: number;
  /** When the CRM says that it happened. */
  atMs: number;
  causationId: string;
  /** In CRM_RAW; undefined where it is not kept any more. */
  causeSequence?: number | undefined;
  /** Sequences in CRM_RAW of all that it stands for. */
  gathered: readonly number[];
  mergedInto?: string | undefined;
}

export function judgeNotification(view: NotificationView, events: readonly CauseView[]): Fate {
  const open = OPEN[view.verdict];
  if (open) return { fate: open };
  const own = events.find((event) => event.causationId === view.messageId);
  if (own && !view.isRepeated) return { fate: 'told', version: own.version };
  if (view.isRepeated) return { fate: 'dropped', reason: 'duplicate' };
  const together = events.find(
    (event) => event.gathered.includes(view.sequence) && event.storedAtMs >= view.storedAtMs,
  );
  if (together) return { fate: 'told-together', version: together.version };
  return { fate: 'dropped', reason: classifyDrop(view, events) };
}

/** Of what has not ended in the way that notifications should. */
const OPEN: { [Key in Verdict]?: Fate['fate'] } = {
  waiting: 'waiting',
  'in-hand': 'waiting',
  retrying: 'retrying',
  parked: 'parked',
  dead: 'dead',
  closed: 'closed',
};

function classifyDrop(view: NotificationView, events: readonly CauseView[]): DropClass {
  const { sequence, storedAtMs, statedAtMs, change } = view;
  const known = events.filter(
    (event) => event.storedAtMs <= storedAtMs || (event.causeSequence !== undefined && event.causeSequence < sequence),
  );
  const newest = known.at(-1);
  if (!newest) return change === 'deleted' ? 'unknown-deleted' : 'unknown';
  if (newest.mergedInto !== undefined) return 'merged';
  return statedAtMs !== undefined && known.some(({ atMs }) => atMs > statedAtMs) ? 'stale' : 'same';
}
