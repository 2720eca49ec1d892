export interface Stage {
  id: string;
  label: string;
  /** 0 to 1; a closed stage has 1 (won) or 0 (lost). */
  probability: number;
  isClosed: boolean;
}

export interface Pipeline {
  id: string;
  label: string;
  stages: readonly Stage[];
}

const open = (id: string, label: string, probability: number): Stage => ({ id, label, probability, isClosed: false });
const won = (id: string, label: string): Stage => ({ id, label, probability: 1, isClosed: true });
const lost = (id: string, label: string): Stage => ({ id, label, probability: 0, isClosed: true });

/** HubSpot's own pipeline, and one that a portal made: the ids of those are numbers, and say nothing. */
export const DEAL_PIPELINES: readonly Pipeline[] = [
  {
    id: 'default',
    label: 'Sales pipeline',
    stages: [
      open('appointmentscheduled', 'Appointment scheduled', 0.2),
      open('qualifiedtobuy', 'Qualified to buy', 0.4),
      open('presentationscheduled', 'Presentation scheduled', 0.6),
      open('decisionmakerboughtin', 'Decision maker bought in', 0.8),
      open('contractsent', 'Contract sent', 0.9),
      won('closedwon', 'Closed won'),
      lost('closedlost', 'Closed lost'),
    ],
  },
  {
    id: '74021856',
    label: 'Service renewals',
    stages: [
      open('148203311', 'Renewal due', 0.5),
      open('148203312', 'Offer sent', 0.7),
      open('148203313', 'Verbal agreement', 0.9),
      won('148203314', 'Renewed'),
      lost('148203315', 'Cancelled'),
    ],
  },
];

const LEAD_PIPELINES: readonly Pipeline[] = [
  {
    id: 'lead-pipeline-id',
    label: 'Lead pipeline',
    stages: [
      open('new-stage-id', 'New', 0.1),
      open('attempting-stage-id', 'Attempting', 0.2),
      open('connected-stage-id', 'Connected', 0.4),
    ],
  },
];

export function listPipelines(type: string): readonly Pipeline[] | undefined {
  if (['deals', 'deal', '0-3'].includes(type)) return DEAL_PIPELINES;
  return ['leads', 'lead', '0-136'].includes(type) ? LEAD_PIPELINES : undefined;
}

export function findDealStage(pipelineId: string | undefined, stageId: string | undefined): Stage | undefined {
  const pipeline = DEAL_PIPELINES.find(({ id }) => id === (pipelineId ?? 'default'));
  return pipeline?.stages.find(({ id }) => id === stageId);
}
