import type { CrmObject, HistoryEntry } from '../../crm/crm-object.js';
import { DEAL_PIPELINES, findDealStage } from '../../crm/pipelines.js';

export type DealStatus = 'open' | 'won' | 'lost';

/** In Pipedrive a stage never closes a deal: the core's closed stages are told as the status. */
export interface OpenStage {
  id: number;
  pipelineId: number;
  name: string;
  percent: number;
  core: { pipeline: string; stage: string };
}

export const PIPELINES = DEAL_PIPELINES.map(({ id, label }, index) => ({ id: index + 1, name: label, core: id }));

export const OPEN_STAGES: readonly OpenStage[] = DEAL_PIPELINES.flatMap(({ id: pipeline, stages }, index) =>
  stages
    .filter(({ isClosed }) => !isClosed)
    .map((stage, place) => ({
      id: (index + 1) * 10 + place + 1,
      pipelineId: index + 1,
      name: stage.label,
      percent: Math.round(stage.probability * 100),
      core: { pipeline, stage: stage.id },
    })),
);

export interface DealState {
  status: DealStatus;
  /** Of a closed deal the last open one. */
  stage: OpenStage;
  /** When the status, or the stage, became what it is. */
  statusAtMs: number;
  stageAtMs: number;
  firstWonAtMs: number | undefined;
}

export function readDealState({ properties, history, createdAtMs }: CrmObject): DealState {
  const pipeline = properties.get('pipeline') ?? 'default';
  const entries = history.get('dealstage') ?? [];
  const statusOf = (stageId: string | undefined): DealStatus => {
    const stage = findDealStage(pipeline, stageId);
    return stage?.isClosed ? (stage.probability === 1 ? 'won' : 'lost') : 'open';
  };
  const lastOpen = entries.find(({ value }) => statusOf(value) === 'open');
  const [first] = OPEN_STAGES.filter(({ core }) => core.pipeline === pipeline);
  const found = OPEN_STAGES.find(({ core }) => core.pipeline === pipeline && core.stage === lastOpen?.value);
  return {
    status: statusOf(properties.get('dealstage')),
    stage: found ?? first ?? OPEN_STAGES[0]!,
    statusAtMs: entries[0]?.atMs ?? createdAtMs,
    stageAtMs: lastOpen?.atMs ?? createdAtMs,
    firstWonAtMs: entries.findLast((entry: HistoryEntry) => statusOf(entry.value) === 'won')?.atMs,
  };
}

/** The core's stage that says so. */
export function findClosedStage(pipeline: string, status: 'won' | 'lost'): string | undefined {
  const stages = DEAL_PIPELINES.find(({ id }) => id === pipeline)?.stages ?? [];
  return stages.find(({ isClosed, probability }) => isClosed && (probability === 1) === (status === 'won'))?.id;
}
