import type { EntityScope, PlaceRange, RecordKey } from '@crm-mesh/contract';
import type { Pair } from '@crm-mesh/control';
import type { Comparison, Label, Mismatch, RecordFacts, Repairer } from '@crm-mesh/reconciliation';
import type { RunState } from './run-state.js';

/** What the last whole run of a pair says of records on which this one differs. */
export interface LastReport {
  /** What was settled then. */
  upTo: number;
  /** Those of the records that were compared then and were equal, as `formatRecordKey` writes them. */
  listEqual(records: readonly RecordKey[]): Promise<ReadonlySet<string>>;
}

/** The two sides of a run, ready to be compared. */
export interface OpenedLeg {
  /** Sequence of CRM_EVENTS up to which the second side has settled; 0 where there is no such thing. */
  upTo: number;
  listUnits(): Promise<readonly EntityScope[]>;
  /** `range` absent: all of it. */
  compare(unit: EntityScope, range: PlaceRange | undefined): Comparison;
  /** One for each, in their order. */
  collectFacts(mismatches: readonly Mismatch[], last: LastReport | undefined): Promise<readonly RecordFacts[]>;
  repairer: Repairer;
  /** Repairs of these are sent. */
  noteRepaired?(mismatches: readonly (Mismatch & { label?: Label })[]): void;
}

/** Opens the two sides; what a run knew when it began (`upTo`) it keeps. Throws a MeshError where there are none. */
export type OpenLeg = (pair: Pair, run: Pick<RunState, 'run' | 'upTo' | 'scope'>) => Promise<OpenedLeg>;
