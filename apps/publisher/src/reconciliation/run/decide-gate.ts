import type { Question } from '@crm-mesh/control';
import type { DifferenceCount } from './run-rows.js';
import type { RunBudget, RunState } from './run-state.js';

/** What one entity of a run would have repaired. */
export interface GateCount {
  unit: string;
  compared: number;
  differences: number;
  /** Of these, what the side that is right does not have: a repair deletes. */
  deletions: number;
}

/** So few are never asked about, whatever share they are. */
const FEW_DIFFERENCES = 20;
const FEW_DELETIONS = 10;
/** Deletions are asked about from a fifth of the share on that other differences are. */
const DELETION_SHARE = 1 / 5;
/** Where so large a part of an entity would go, also few are asked about: a list that came back short looks like this. */
const MOST_GONE = 0.5;

/** What would be repaired, and what nobody has looked into. */
export function listGateCounts({ units = [] }: RunState, counts: readonly DifferenceCount[]): GateCount[] {
  return units.map(({ tenant, connection, entity, compared }) => {
    const unit = `${tenant}/${connection}/${entity}`;
    const open = counts.filter((one) => one.unit === unit && (one.fate === 'labelled' || one.fate === 'found'));
    const sum = (some: readonly DifferenceCount[]): number => some.reduce((all, { count }) => all + count, 0);
    return { unit, compared, differences: sum(open), deletions: sum(open.filter(({ kind }) => kind === 'extra')) };
  });
}

/** What a person must say yes to before anything is repaired; undefined: nothing. */
export function decideGate(
  counts: readonly GateCount[],
  { maxPercent }: Pick<RunBudget, 'maxPercent'>,
): { question: Question; why: string } | undefined {
  const sum = (key: 'compared' | 'differences' | 'deletions'): number => counts.reduce((all, one) => all + one[key], 0);
  const [compared, differences, deletions] = [sum('compared'), sum('differences'), sum('deletions')];
  const gone = counts.find((one) => one.deletions > 1 && one.deletions >= one.compared * MOST_GONE);
  if (gone)
    return {
      question: 'deletions',
      why: `${gone.deletions} of ${gone.compared} records of ${gone.unit} would be deleted`,
    };
  if (deletions > FEW_DELETIONS && isOver(deletions, compared, maxPercent * DELETION_SHARE))
    return { question: 'deletions', why: `${deletions} of ${compared} records would be deleted` };
  if (differences > FEW_DIFFERENCES && isOver(differences, compared, maxPercent))
    return { question: 'percent', why: `${differences} of ${compared} records differ, more than ${maxPercent} %` };
  return undefined;
}

const isOver = (part: number, whole: number, percent: number): boolean => part * 100 > whole * percent;
