import { OBJECT_TYPES, type ObjectType } from '../crm/object-types.js';
import { DEAL_PIPELINES } from '../crm/pipelines.js';
import type { Properties, ScenarioOperation } from './operation.js';

export type RecordState = 'live' | 'archived' | 'erased' | 'merged';

/** What a portal holds, by state. */
export interface Truth {
  records: Record<ObjectType, Record<RecordState, number>>;
  /** Of the live ones. */
  deals: { open: number; won: number; lost: number };
}

interface TruthRecord {
  type: ObjectType;
  state: RecordState;
  stage?: string;
}

/** What must stand in the CRM when all of it was done; computed from the operations alone. */
export function countTruth(operations: readonly ScenarioOperation[]): Truth {
  const records = new Map<string, TruthRecord>();
  const change = (name: string, changed: Partial<TruthRecord>): void => {
    const present = records.get(name);
    if (present) records.set(name, { ...present, ...changed });
  };
  for (const operation of operations) {
    if (operation.do === 'create')
      records.set(operation.name, { type: operation.type, state: 'live', ...stageOf(operation.properties) });
    else if (operation.do === 'update') change(operation.name, stageOf(operation.properties));
    else if (operation.do === 'archive') change(operation.name, { state: 'archived' });
    else if (operation.do === 'restore') change(operation.name, { state: 'live' });
    else if (operation.do === 'erase') change(operation.name, { state: 'erased' });
    else if (operation.do === 'merge') change(operation.merged, { state: 'merged' });
  }
  return summarise([...records.values()]);
}

function stageOf({ dealstage }: Properties): Partial<TruthRecord> {
  return dealstage === undefined ? {} : { stage: dealstage };
}

function summarise(records: readonly TruthRecord[]): Truth {
  const count = (wanted: (record: TruthRecord) => boolean): number => records.filter(wanted).length;
  const countStates = (type: ObjectType): Record<RecordState, number> => {
    const inState = (state: RecordState): number => count((record) => record.type === type && record.state === state);
    return {
      live: inState('live'),
      archived: inState('archived'),
      erased: inState('erased'),
      merged: inState('merged'),
    };
  };
  const dealsAs = (outcome: DealOutcome): number =>
    count(({ type, state, stage }) => type === 'deals' && state === 'live' && judgeStage(stage) === outcome);
  return {
    records: Object.fromEntries(OBJECT_TYPES.map((type) => [type, countStates(type)])) as Truth['records'],
    deals: { open: dealsAs('open'), won: dealsAs('won'), lost: dealsAs('lost') },
  };
}

type DealOutcome = 'open' | 'won' | 'lost';

/** Stage ids are unique over the sandbox's pipelines. */
export function judgeStage(stageId: string | undefined): DealOutcome {
  const stage = DEAL_PIPELINES.flatMap(({ stages }) => stages).find(({ id }) => id === stageId);
  if (!stage?.isClosed) return 'open';
  return stage.probability === 1 ? 'won' : 'lost';
}
