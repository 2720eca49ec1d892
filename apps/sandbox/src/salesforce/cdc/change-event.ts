import type { Value } from '../schema/field.js';

export const CHANGE_TYPES = [
  'CREATE',
  'UPDATE',
  'DELETE',
  'UNDELETE',
  'GAP_CREATE',
  'GAP_UPDATE',
  'GAP_DELETE',
  'GAP_UNDELETE',
  'GAP_OVERFLOW',
  'SNAPSHOT',
] as const;
export type ChangeType = (typeof CHANGE_TYPES)[number];

/** What happened to one record, or alike to several, in one transaction. */
export interface ChangeDraft {
  entityName: string;
  changeType: ChangeType;
  recordIds: readonly string[];
  changeOrigin: string;
  commitUser: string;
  /** Parts of compound fields as `MailingAddress.City`. Empty but for UPDATE. */
  changedFields: readonly string[];
  nulledFields: readonly string[];
  /** By field; times and dates as REST shows them, compound fields as their parts. What is absent is null in the event. */
  values: Readonly<Record<string, Value>>;
}

export interface ChangeEvent extends ChangeDraft {
  transactionKey: string;
  sequenceNumber: number;
  /** Epoch milliseconds. */
  commitTimestamp: number;
  /** Above 2^53. */
  commitNumber: bigint;
}
