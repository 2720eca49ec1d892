import type { Change, FieldChange, Origin } from '@crm-mesh/contract';
import type { ConsumerTrace, ParkedLane, ToldAttempt, ToldError } from '@crm-mesh/delivery';
import type { RecordState } from '@crm-mesh/ledger';
import type { PluginState } from './host-status.js';

/** `mesh.ctl.publisher.explain`: one record's whole history, as far as the streams and the ledger hold it; each list in its order of time. */
export interface RecordHistory {
  /** `acme/hubspot/deal/4711` */
  record: string;
  /** Ids of the records that it has swallowed: their history is in here, too. */
  aliases: string[];
  /** Absent: it knows nothing of it. */
  ledger?: ToldEntry;
  notifications: ToldNotification[];
  /** Since when notifications are kept; what came before is settled and gone. Absent: there are none of anybody. */
  notificationsSince?: string;
  events: ToldChange[];
  /** Those that are open, of the normaliser and of plugins. */
  letters: ToldLetter[];
  copies: ToldCopy[];
  deeds: ToldDeed[];
  /** What waits in the normaliser's store. */
  parked?: ParkedLane;
  /** Who has a place in CRM_EVENTS, so that who does not answer is missed. */
  consumers: { name: string; app?: string }[];
  /** What the last reconciliation said of it. */
  differences: RecordDifference[];
}

/** Without what the record says. */
export interface ToldEntry {
  /** Of the newest event; 0: none was told. */
  version: number;
  state: RecordState;
  /** Of the newest event in CRM_EVENTS. */
  sequence: number;
  modifiedAt?: string;
  seenAt: string;
  mergedInto?: string;
}

/**
 * What became of a notification. `told`: it made an event. `told-together`: it was gathered with others of its record, of
 * which one stands for all. `dropped`: it made none.
 */
export interface Fate {
  fate: 'told' | 'told-together' | 'waiting' | 'retrying' | 'parked' | 'dead' | 'closed' | 'dropped';
  /** Of the event. */
  version?: number;
  /** Of what was dropped: derived from times and versions, as nobody writes down what is not told. */
  reason?: DropClass;
}

/**
 * `duplicate`: the CRM had said it before. `stale`: a later change was known. `same`: nothing new in it. `merged`: another
 * record had swallowed it. `unknown-deleted`: the end of a record that nobody was told of. `unknown`: no event of that time
 * is kept any more.
 */
export type DropClass = 'duplicate' | 'stale' | 'same' | 'merged' | 'unknown-deleted' | 'unknown';

export interface ToldNotification extends Fate {
  record: string;
  /** In CRM_RAW. */
  sequence: number;
  at: string;
  origin: Origin;
  change: Change;
  /** When the CRM says that it happened. */
  modifiedAt?: string;
  verifiedBy: string;
  failures?: ToldAttempt[];
}

export interface ToldChange {
  record: string;
  /** In CRM_EVENTS. */
  sequence: number;
  at: string;
  /** `deal.won` */
  type: string;
  version: number;
  origin: Origin;
  /** When the CRM says that it happened. */
  time: string;
  /** The notification that caused it, in CRM_RAW; absent where that is not kept any more. */
  notification?: number;
  /** Names of fields. */
  changed: string[];
  /** Only where values were asked for, and the record was not erased since. */
  changes?: Record<string, FieldChange>;
  mergedIds?: string[];
  mergedInto?: string;
}

/** A message as it was told first. */
export interface ToldPlace {
  stream: string;
  sequence: number;
}

export interface ToldLetter {
  consumer: string;
  /** In CRM_DEAD. */
  sequence: number;
  at: string;
  /** Of the code that failed. */
  version: string;
  error: ToldError;
  attempts: number;
  failures: ToldAttempt[];
  original: ToldPlace;
}

export interface ToldCopy {
  consumer: string;
  /** In CRM_DIRECT. */
  sequence: number;
  at: string;
  kind: 'redrive' | 'replay' | 'repair' | 'snapshot' | 'sent';
  by?: string;
  /** Of the replay. */
  run?: string;
  patch?: string;
  again?: boolean;
  original?: ToldPlace;
  version?: number;
}

export interface ToldDeed {
  did: 'redrive' | 'drop' | 'superseded' | 'repair';
  consumer: string;
  at: string;
  by: string;
  original?: ToldPlace;
  /** Of the dead letter that it closed. */
  letter?: { sequence: number; at: string; error: ToldError; failures: ToldAttempt[] };
  /** `superseded`: the newer event in CRM_EVENTS. */
  newer?: number;
  patch?: string;
  again?: boolean;
  /** `repair`: of which reconciliation, and what was wrong. */
  run?: string;
  label?: string;
}

/** What a reconciliation found of a record on one of its two sides. */
export interface RecordDifference {
  run: string;
  at: string;
  /** The plugin, or the connection. */
  with: string;
  label: string;
}

/** `mesh.ctl.host.explain`: what the plugins of one host did with a record. */
export interface HostExplanation {
  host: string;
  plugins: PluginTrace[];
}

/** What one plugin did with a record. */
export interface PluginTrace extends ConsumerTrace {
  /** `gone`: it has a place in the stream, and its file is not here any more. */
  state: PluginState | 'gone';
  version?: string;
}
