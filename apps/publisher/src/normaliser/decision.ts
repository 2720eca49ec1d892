import type { Action, AnyRecord, FieldChange, Notification, Origin } from '@crm-mesh/contract';
import type { FieldTimes, LedgerEntry } from '@crm-mesh/ledger';
import type { MappedRecord } from '@crm-mesh/sdk';

export interface DecisionInput {
  /** What the ledger knows; undefined for a record never seen. */
  entry: LedgerEntry | undefined;
  mapped: MappedRecord;
  /** The CRM gave this object under this id: it is no mere sign of it. */
  isRead?: boolean | undefined;
  notification: Notification;
  /** Epoch milliseconds. */
  now: number;
}

/**
 * `same`: nothing new in it. `stale`: something newer is known. `unknown-deleted`: the end of a record that the mesh
 * has told nobody of. `merged`: a late sign of a record that another has swallowed.
 */
export type DropReason = 'same' | 'stale' | 'unknown-deleted' | 'merged';

export interface Publication {
  kind: 'publish';
  action: Action;
  version: number;
  /** The record after the change; of a deleted one the last known state, of an erased one the id alone. */
  data: AnyRecord | { id: string };
  changes: Record<string, FieldChange>;
  mergedIds?: string[];
  /** Of a deleted one: what has swallowed it. */
  mergedInto?: string | undefined;
  origin: Origin;
  /** Time of the event. */
  atMs: number;
  /** What a patch says of fields; undefined for a statement of the whole record. */
  fieldTimes?: FieldTimes | undefined;
}

interface Drop {
  kind: 'drop';
  reason: DropReason;
  /** Time of the statement, to be kept: what is older than it is stale from now on. */
  atMs: number;
  fieldTimes?: FieldTimes | undefined;
  mergedInto?: string | undefined;
}

export type Decision = Publication | Drop;
