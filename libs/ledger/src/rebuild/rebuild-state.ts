/** Of CRM_EVENTS. */
export interface LogPart {
  incarnation: string;
  /** The first sequence that it still holds. */
  from: number;
  /** Everything up to here is read. */
  position: number;
  /** Its end, when that was last looked at. */
  to: number;
}

/** What the ledger and its log have said of each other. */
export interface RebuildFindings {
  /** Records that the ledger has otherwise than the log. */
  different: number;
  /** Records of the log that the ledger has not. */
  missing: number;
  /** Records whose events are no longer in the log: they stay as they are. */
  unlogged: number;
  /** The first of those that are different, as people write keys. */
  examples: readonly string[];
  /** Ranges whose digest is not what their rows come to; only where the ledger is to be verified. */
  wrongRanges?: readonly string[];
}

/** A ledger that is being built from the log, beside the one that is used; kept in the store. */
export interface RebuildState {
  run: string;
  /** Who asked for it. */
  by: string;
  /** `verify`: it is compared and thrown away. */
  goal: 'rebuild' | 'verify';
  begunMs: number;
  phase: 'emptying' | 'reading' | 'comparing' | 'leaving';
  log: LogPart;
  /** Events that are read, of so many in the log. */
  events: number;
  totalEvents: number;
  /** Records that are compared, of so many in the ledger. */
  compared: number;
  totalRecords: number;
  found: RebuildFindings;
  /** How it ends, when the tables are empty again. */
  ending?: 'over' | 'cancelled';
  /** Absent: it runs. */
  ended?: { atMs: number; how: 'over' | 'cancelled' };
}

/** Its row among those of `ledger_state`. */
export const REBUILD = 'rebuild';

const NOTHING: RebuildFindings = { different: 0, missing: 0, unlogged: 0, examples: [] };

export function startRebuild(asked: Pick<RebuildState, 'run' | 'by' | 'goal' | 'begunMs'>): RebuildState {
  const log = { incarnation: '', from: 0, position: 0, to: 0 };
  const counts = { events: 0, totalEvents: 0, compared: 0, totalRecords: 0 };
  return { ...asked, phase: 'emptying', log, ...counts, found: NOTHING };
}

/** From the first record: what was compared before may have changed. */
export function restartComparing(state: RebuildState, totalRecords: number): RebuildState {
  return { ...state, phase: 'comparing', compared: 0, totalRecords, found: NOTHING };
}
