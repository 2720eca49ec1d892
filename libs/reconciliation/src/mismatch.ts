import type { RecordKey } from '@crm-mesh/contract';

/** Of the two sides that are compared, the first is what should be: the CRM against the ledger, the ledger against a plugin. */
export const LEGS = ['crm', 'plugin'] as const;
export type Leg = (typeof LEGS)[number];

/**
 * How the second side differs from the first. `missing`: it has not got the record; `extra`: it has one that should not be
 * there; `stale`: an older one; `ahead`: a newer one; `edited`: the same version with other content; `duplicate`: more than
 * one.
 */
export const MISMATCH_KINDS = ['missing', 'extra', 'stale', 'ahead', 'edited', 'duplicate'] as const;
export type MismatchKind = (typeof MISMATCH_KINDS)[number];

/** One record on which two sides do not agree. */
export interface Mismatch {
  record: RecordKey;
  kind: MismatchKind;
  /** Version, time or hash on the side that is right; absent where it has no such record. */
  expected?: string;
  /** The same on the other side; of a duplicate all of them, with commas. */
  found?: string;
  /** Of the newest event that the ledger knows of it, in CRM_EVENTS; absent: it knows none. */
  sequence?: number;
  /** Up to here the consumer had settled everything before it was looked at last: what lies behind is on its way. */
  settledUpTo?: number;
}
