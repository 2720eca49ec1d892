import type { EntityScope, PlaceRange } from '@crm-mesh/contract';
import type { Pair, Question, RunOutcome, RunPhase } from '@crm-mesh/control';
import type { ComparisonStep } from '@crm-mesh/reconciliation';

/** Which records; absent parts: all. */
export interface RunScope {
  tenant?: string;
  connection?: string;
  entities?: readonly string[];
  range?: PlaceRange;
  /** One record. */
  id?: string;
  /** Of a CRM: also what is other content at the same time. */
  content?: true;
}

export interface RunBudget {
  maxRepairs: number;
  /** Requests to the CRM, or to the plugin. */
  maxCalls: number;
  /** Where more than so many of a hundred differ, nobody repairs without a yes. */
  maxPercent: number;
}

/** One entity of one connection. */
export interface UnitState extends EntityScope {
  compared: number;
  total?: number;
  rows: number;
  calls: number;
  cursor?: string;
  isDone?: true;
  /** What its next step waits for. */
  waits?: ComparisonStep['waits'];
}

export interface RunEnd {
  atMs: number;
  how: Exclude<RunOutcome, 'running'>;
  why?: string;
  question?: Question;
}

/** One run, as it is kept in the store. */
export interface RunState {
  run: string;
  pair: Pair;
  by: string;
  begunMs: number;
  scope: RunScope;
  repair: boolean;
  /** What was answered before it was asked, or after. */
  yes: boolean;
  budget: RunBudget;
  phase: RunPhase;
  /** What was settled in CRM_EVENTS at the beginning; 0 where a CRM is compared. */
  upTo?: number;
  /** Absent: nobody has asked what there is. */
  units?: readonly UnitState[];
  /** Differences that were looked into. */
  labelled: number;
  repaired: number;
  /** It was cancelled among repairs: so many more may be sent. Absent: all that is sent is counted. */
  uncounted?: number;
  /** What had been spent when somebody said yes last. */
  allowed: { calls: number; repairs: number };
  savedMs?: number;
  /** The last step failed; it is tried again. */
  trouble?: { atMs: number; message: string };
  ended?: RunEnd;
}

/** So many are sent before it is written down. */
export const REPAIRED_AT_ONCE = 50;

export function namePair({ leg, name }: Pair): string {
  return `${leg}:${name}`;
}

export function beginUnits(state: RunState, units: readonly EntityScope[], upTo: number): RunState {
  const fresh = units
    .filter((unit) => isInScope(unit, state.scope))
    .map(({ tenant, connection, entity }) => ({ tenant, connection, entity, compared: 0, rows: 0, calls: 0 }));
  return { ...state, units: fresh, upTo };
}

function isInScope({ tenant, connection, entity }: EntityScope, scope: RunScope): boolean {
  return (
    (scope.tenant === undefined || scope.tenant === tenant) &&
    (scope.connection === undefined || scope.connection === connection) &&
    (scope.entities === undefined || scope.entities.includes(entity))
  );
}

/** What is to be compared next; undefined: that was all. */
export function findCurrent({ units = [] }: Pick<RunState, 'units'>): UnitState | undefined {
  return units.find(({ isDone }) => !isDone);
}

/** What is known once a step is safe. */
export function takeStep(state: RunState, step: ComparisonStep): RunState {
  return changeCurrent(state, ({ waits: _waits, ...unit }) => ({
    ...unit,
    cursor: step.cursor,
    compared: unit.compared + step.compared,
    rows: unit.rows + step.rows,
    calls: unit.calls + step.calls,
    ...(step.total === undefined ? {} : { total: step.total }),
    ...(step.waits ? { waits: step.waits } : {}),
  }));
}

export function endUnit(state: RunState): RunState {
  return changeCurrent(state, ({ cursor: _cursor, waits: _waits, ...unit }) => ({ ...unit, isDone: true }));
}

function changeCurrent(state: RunState, change: (unit: UnitState) => UnitState): RunState {
  const current = findCurrent(state);
  return { ...state, units: (state.units ?? []).map((unit) => (unit === current ? change(unit) : unit)) };
}

export function sumUnits(units: readonly UnitState[] = []): { compared: number; rows: number; calls: number } {
  const sum = (key: 'compared' | 'rows' | 'calls'): number => units.reduce((all, unit) => all + unit[key], 0);
  return { compared: sum('compared'), rows: sum('rows'), calls: sum('calls') };
}

/** How many there are; undefined while an entity has not said so. */
export function countTotal(units: readonly UnitState[] = []): number | undefined {
  const counts = units.map(({ isDone, compared, total }) => (isDone ? compared : total));
  return counts.includes(undefined) ? undefined : counts.reduce<number>((all, count) => all + (count ?? 0), 0);
}

/** Whether the run is about all that there is of its pair. */
export function isWhole({ tenant, connection, entities, range }: RunScope): boolean {
  return [tenant, connection, entities, range].every((part) => part === undefined);
}

/** Whether a yes to the question of the one goes for the wish of the other. */
export function isSameScope(one: RunScope, other: RunScope): boolean {
  const sides = [one, other].map(({ tenant, connection, entities, range, content = false }) =>
    JSON.stringify([tenant, connection, entities?.toSorted(), range?.from, range?.to, content]),
  );
  return sides[0] === sides[1];
}
