import type { Change } from '@crm-mesh/contract';
import type { Mismatch } from '../mismatch.js';
import { describeKnown, type KnownRecord } from './compare-record.js';

/** What a notification that repairs a record says of it. */
export interface CrmRepair {
  change: Extract<Change, 'deleted' | 'restored' | 'unknown'>;
  /** Later than all that is known of the record, where the CRM gives no time of its own for what happened. */
  atMs?: number;
}

/**
 * Undefined: the ledger holds something else by now, and nothing is to be sent. Records that go or come back keep their
 * own time in most CRMs: there the notification says when that was seen.
 */
export function decideCrmRepair(
  mismatch: Pick<Mismatch, 'kind' | 'found'>,
  known: KnownRecord | undefined,
  seenMs: number,
): CrmRepair | undefined {
  if (describeKnown(mismatch.kind, known) !== mismatch.found) return undefined;
  const isPresent = known?.state === 'present';
  const atMs = Math.max(seenMs, known?.seenAtMs ?? 0);
  if (mismatch.kind === 'extra') return isPresent ? { change: 'deleted', atMs } : undefined;
  if (mismatch.kind !== 'missing') return isPresent ? { change: 'unknown' } : undefined;
  if (isPresent) return undefined;
  return known ? { change: 'restored', atMs } : { change: 'unknown' };
}
