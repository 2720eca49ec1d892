import { DEAL_PIPELINES, type Stage } from '../../crm/pipelines.js';

/** A stage of an opportunity. An admin may rename it: whether it is won or lost is told by its flags alone. */
export interface SalesStage {
  /** The core's. */
  pipelineId: string;
  stageId: string;
  apiName: string;
  /** In percent. */
  probability: number;
  isClosed: boolean;
  isWon: boolean;
  forecastCategory: string;
  forecastCategoryName: string;
}

/** What Salesforce's own stages are called; those of another pipeline have the core's names. */
const NAMES: Readonly<Record<string, string>> = {
  appointmentscheduled: 'Prospecting',
  qualifiedtobuy: 'Qualification',
  presentationscheduled: 'Value Proposition',
  decisionmakerboughtin: 'Proposal/Price Quote',
  contractsent: 'Negotiation/Review',
  closedwon: 'Closed Won',
  closedlost: 'Closed Lost',
};

export const SALES_STAGES: readonly SalesStage[] = DEAL_PIPELINES.flatMap(({ id, stages }) =>
  stages.map((stage) => describeStage(id, stage)),
);

export function findStage(pipelineId: string | undefined, stageId: string | undefined): SalesStage | undefined {
  return SALES_STAGES.find((stage) => stage.pipelineId === (pipelineId ?? 'default') && stage.stageId === stageId);
}

export function findStageByName(apiName: string): SalesStage | undefined {
  return SALES_STAGES.find((stage) => stage.apiName === apiName);
}

function describeStage(pipelineId: string, stage: Stage): SalesStage {
  const isWon = stage.isClosed && stage.probability === 1;
  return {
    pipelineId,
    stageId: stage.id,
    apiName: NAMES[stage.id] ?? stage.label,
    probability: stage.probability * 100,
    isClosed: stage.isClosed,
    isWon,
    ...forecast(stage, isWon),
  };
}

function forecast(stage: Stage, isWon: boolean): Pick<SalesStage, 'forecastCategory' | 'forecastCategoryName'> {
  if (stage.isClosed) {
    const name = isWon ? 'Closed' : 'Omitted';
    return { forecastCategory: name, forecastCategoryName: name };
  }
  return stage.probability < 0.7
    ? { forecastCategory: 'Pipeline', forecastCategoryName: 'Pipeline' }
    : { forecastCategory: 'BestCase', forecastCategoryName: 'Best Case' };
}
