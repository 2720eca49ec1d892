import type { ConsumerTrace, ParkedLane, ToldAttempt, ToldError } from '@crm-mesh/delivery';

/** What the publisher answers to `mesh.ctl.publisher.explain`. */
export interface RecordHistory {
  record: string;
  aliases: string[];
  ledger?: {
    version: number;
    state: 'present' | 'deleted' | 'erased';
    sequence: number;
    modifiedAt?: string;
    seenAt: string;
    mergedInto?: string;
  };
  notifications: ToldNotification[];
  notificationsSince?: string;
  events: ToldChange[];
  letters: ToldLetter[];
  copies: ToldCopy[];
  deeds: ToldDeed[];
  parked?: ParkedLane;
  consumers: { name: string; app?: string }[];
  differences: { run: string; at: string; with: string; label: string }[];
}

export interface ToldNotification {
  record: string;
  sequence: number;
  at: string;
  origin: string;
  change: string;
  modifiedAt?: string;
  verifiedBy: string;
  fate: 'told' | 'told-together' | 'waiting' | 'retrying' | 'parked' | 'dead' | 'closed' | 'dropped';
  version?: number;
  reason?: 'duplicate' | 'stale' | 'same' | 'merged' | 'unknown-deleted' | 'unknown';
  failures?: ToldAttempt[];
}

export interface ToldChange {
  record: string;
  sequence: number;
  at: string;
  type: string;
  version: number;
  origin: string;
  time: string;
  notification?: number;
  changed: string[];
  changes?: Record<string, { from?: unknown; to?: unknown }>;
  mergedIds?: string[];
  mergedInto?: string;
}

export interface ToldPlace {
  stream: string;
  sequence: number;
}

export interface ToldLetter {
  consumer: string;
  sequence: number;
  at: string;
  version: string;
  error: ToldError;
  attempts: number;
  failures: ToldAttempt[];
  original: ToldPlace;
}

export interface ToldCopy {
  consumer: string;
  sequence: number;
  at: string;
  kind: 'redrive' | 'replay' | 'repair' | 'snapshot' | 'sent';
  by?: string;
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
  letter?: { sequence: number; at: string; error: ToldError; failures: ToldAttempt[] };
  newer?: number;
  patch?: string;
  again?: boolean;
  run?: string;
  label?: string;
}

/** What each host answers to `mesh.ctl.host.explain`. */
export interface HostExplanation {
  host: string;
  plugins: PluginTrace[];
}

export interface PluginTrace extends ConsumerTrace {
  state: 'running' | 'standby' | 'restarting' | 'paused' | 'refused' | 'stopped' | 'disabled' | 'gone';
  version?: string;
}
