import type { Origin } from './origin.js';
import type { RecordKey } from './record-key.js';

/** What the CRM says happened; `unknown` where it only says that something did. */
export const CHANGES = ['created', 'updated', 'deleted', 'restored', 'merged', 'erased', 'unknown'] as const;
/** One of {@link CHANGES}. It is a hint: what stands in the CRM decides which action is told. */
export type Change = (typeof CHANGES)[number];

/**
 * One raw, verified sign from a CRM that one record changed: a webhook item or a poll row, as stored in `CRM_RAW`.
 * Its `dedupeKey` is the same whenever the CRM says the same thing again (a retry, a doubled delivery).
 */
export interface Notification extends RecordKey {
  /** Unique per (tenant, connection) and statement of the CRM; hashed into `Nats-Msg-Id`. */
  dedupeKey: string;
  /** What the CRM says happened. */
  change: Change;
  /** How it came to us. Whether it is an echo of our own write is only decided by the normaliser. */
  origin: Exclude<Origin, 'echo'>;
  /** ISO 8601, when the CRM says that the change happened; absent where it does not say. */
  modifiedAt?: string;
  /** ISO 8601, by the publisher's clock. */
  receivedAt: string;
  /** The scheme that proved it, e.g. `hubspot-v3`, `standard-webhooks-v1`, `bearer`, or `poll`. */
  verifiedBy: string;
  /** For `merged`: ids that this record has swallowed. */
  mergedIds?: string[];
  /** The CRM's own item, untouched. */
  payload: unknown;
  /**
   * The CRM's own object as the source's `fetch` gives it, where the sign carries it (a row of a poll): then it is not
   * fetched once more.
   */
  fetched?: unknown;
}
