import type { DealStatus } from '@crm-mesh/contract';
import type { SourceContext } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';
import { apiOf } from './api.js';
import type { HubspotConfig } from './config.js';

export interface Stage {
  name: string | undefined;
  status: DealStatus;
}

/** By `pipeline/stage`: stage ids may repeat in several pipelines. */
type Stages = ReadonlyMap<string, Stage>;

/** Stages are edited by hand, seldom. */
const KEEP_MS = 600_000;
/** An unknown stage (new, or deleted since) asks anew, but a flood of them does not flood HubSpot. */
const ASK_AGAIN_MS = 30_000;

interface Cached {
  readAtMs: number;
  stages: Promise<Stages>;
}

const cachedByConfig = new WeakMap<HubspotConfig, Cached>();

/** A deal's stage; undefined when the portal has no such stage (any more). */
export async function findStage(
  pipeline: string,
  stage: string,
  context: SourceContext<HubspotConfig>,
): Promise<Stage | undefined> {
  const key = `${pipeline}/${stage}`;
  const found = (await readStages(KEEP_MS, context)).get(key);
  return found ?? (await readStages(ASK_AGAIN_MS, context)).get(key);
}

function readStages(keepMs: number, context: SourceContext<HubspotConfig>): Promise<Stages> {
  const cached = cachedByConfig.get(context.config);
  if (cached && context.now() - cached.readAtMs < keepMs) return cached.stages;
  const stages = apiOf(context).request({ method: 'GET', path: '/crm/v3/pipelines/deals' }).then(listStages);
  const fresh = { readAtMs: context.now(), stages };
  cachedByConfig.set(context.config, fresh);
  // A failure is nobody's answer but that of those who waited for it.
  stages.catch(() => {
    if (cachedByConfig.get(context.config) === fresh) cachedByConfig.delete(context.config);
  });
  return stages;
}

function listStages(answer: unknown): Stages {
  const stages = new Map<string, Stage>();
  for (const pipeline of listObjects(isObject(answer) ? answer.results : undefined)) {
    for (const stage of listObjects(pipeline.stages)) {
      const name = typeof stage.label === 'string' ? stage.label : undefined;
      stages.set(`${String(pipeline.id)}/${String(stage.id)}`, { name, status: decideStatus(stage.metadata) });
    }
  }
  return stages;
}

/** Won is closed with probability 1, lost is closed with less; the stage's name says nothing. */
export function decideStatus(metadata: unknown): DealStatus {
  const { isClosed, probability } = isObject(metadata) ? metadata : {};
  const chance = probability === undefined || probability === '' ? undefined : Number(probability);
  const closed = isClosed === undefined ? chance === 0 || chance === 1 : isClosed === 'true' || isClosed === true;
  if (!closed) return 'open';
  return chance === 1 ? 'won' : 'lost';
}

export function listObjects(list: unknown): Record<string, unknown>[] {
  return (Array.isArray(list) ? (list as unknown[]) : []).filter(isObject);
}
