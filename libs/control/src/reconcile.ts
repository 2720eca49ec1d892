import type { Label, Leg } from '@crm-mesh/reconciliation';

/** The two sides of a run: a connection (`acme/hubspot`) and the ledger, or the ledger and a plugin (its name). */
export interface Pair {
  leg: Leg;
  name: string;
}

/** Why a run stands still until somebody says yes. */
export type Question = 'percent' | 'deletions' | 'calls' | 'repairs';

/** `asked`: `--yes` goes on with it; `superseded`: it asked, and another of the pair has begun since. */
export type RunOutcome = 'running' | 'over' | 'asked' | 'superseded' | 'cancelled' | 'failed';

export type RunPhase = 'comparing' | 'labelling' | 'repairing';

/** `mesh.ctl.publisher.reconcile-status`: how a run is doing; less than a report, and cheap to ask for. */
export interface RunStatus {
  run: string;
  pair: Pair;
  by: string;
  begunAt: string;
  how: RunOutcome;
  why?: string;
  phase: RunPhase;
  repair: boolean;
  progress: RunProgress;
  differences: number;
  repaired: number;
  /** It was cancelled among repairs: so many more may be sent. */
  uncounted?: number;
  trouble?: string;
}

/** What `mesh.ctl.publisher.reconcile-report` says of a run, also while it runs. */
export interface RunReport {
  run: string;
  pair: Pair;
  by: string;
  begunAt: string;
  endedAt?: string;
  how: RunOutcome;
  why?: string;
  question?: Question;
  phase: RunPhase;
  repair: boolean;
  progress: RunProgress;
  trouble?: { at: string; message: string };
  /** Without what is harmless. */
  differences: number;
  repaired: number;
  /** It was cancelled among repairs: so many more may be sent. */
  uncounted?: number;
  labels: LabelLine[];
  entities: UnitLine[];
  /** The run that `before` is about. */
  last?: { run: string; at: string };
  /** How often it fails in silence: a CRM that does not tell, a plugin that acknowledges and does nothing. */
  rate: { of: 'missed webhooks' | 'silent failures'; count: number; compared: number; ratio: number };
  /** Runs over all records, the oldest first. */
  history: HistoryLine[];
}

export interface RunProgress {
  compared: number;
  total?: number;
  rows: number;
  calls: number;
  /** Records a minute, since it began. */
  perMinute: number;
  leftMs?: number;
  /** Nothing is compared before that. */
  waits?: { until: string; why: string };
}

export interface LabelLine {
  /** Absent: nobody has looked into these. */
  label?: Label;
  meaning: string;
  count: number;
  repaired: number;
  /** In the last report of the same records. */
  before?: number;
  /** `acme/hubspot/deal/4711` */
  examples: string[];
}

export interface UnitLine {
  /** `acme/hubspot/deal` */
  unit: string;
  compared: number;
  differences: number;
}

/** One run among the last ones. */
export interface HistoryLine {
  run: string;
  at: string;
  compared: number;
  differences: number;
  /** Missed webhooks of a connection, silent failures of a plugin. */
  failures: number;
}
