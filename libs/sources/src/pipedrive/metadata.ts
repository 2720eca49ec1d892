import type { CrmDescription, EntityDescription, FieldDescription, SourceContext } from '@crm-mesh/sdk';
import { isObject, readId } from '@crm-mesh/sdk/kit';
import type { PipedriveConfig } from './config.js';
import { ENTITIES, factsOf } from './entities.js';
import { readAll, type Row } from './lists.js';

type Context = SourceContext<PipedriveConfig>;

/** Stages, pipelines and fields are edited by hand, seldom. */
const KEEP_MS = 600_000;
/** An unknown one (new, or deleted since) asks anew, but a flood of them does not flood Pipedrive. */
const ASK_AGAIN_MS = 30_000;

interface Cached {
  readAtMs: number;
  rows: Promise<readonly Row[]>;
}

const cachedByConfig = new WeakMap<PipedriveConfig, Map<string, Cached>>();

/** A list that is read once in a while; its failure is nobody's answer but that of those who waited for it. */
function readKept(path: string, context: Context, keepMs = KEEP_MS): Promise<readonly Row[]> {
  const kept = cachedByConfig.get(context.config) ?? new Map<string, Cached>();
  cachedByConfig.set(context.config, kept);
  const cached = kept.get(path);
  if (cached && context.now() - cached.readAtMs < keepMs) return cached.rows;
  const fresh = { readAtMs: context.now(), rows: readAll(path, {}, context) };
  kept.set(path, fresh);
  fresh.rows.catch(() => {
    if (kept.get(path) === fresh) kept.delete(path);
  });
  return fresh.rows;
}

async function findKept(path: string, context: Context, isWanted: (row: Row) => boolean): Promise<Row | undefined> {
  const found = (await readKept(path, context)).find(isWanted);
  return found ?? (await readKept(path, context, ASK_AGAIN_MS)).find(isWanted);
}

export interface Stage {
  name?: string;
  /** 0 to 1, where the pipeline goes by probabilities. */
  probability?: number;
}

export async function findStage(stageId: string, context: Context): Promise<Stage> {
  const stage = await findKept('/api/v2/stages', context, ({ id }) => readId(id) === stageId);
  if (!stage) return {};
  const { name, deal_probability: percent, pipeline_id: pipelineId } = stage;
  const pipeline = await findKept('/api/v2/pipelines', context, ({ id }) => id === pipelineId);
  const isOn = pipeline?.is_deal_probability_enabled === true && typeof percent === 'number';
  return { ...(typeof name === 'string' && { name }), ...(isOn && { probability: percent / 100 }) };
}

/** What people call a custom field; its key, where two of the entity are called the same. */
export async function nameField(entity: string, key: string, context: Context): Promise<string> {
  const path = factsOf(entity)?.fields;
  if (path === undefined || context.config.customFieldNames === 'key') return key;
  const field = await findKept(path, context, ({ field_code: code }) => code === key);
  const name = field?.field_name;
  if (typeof name !== 'string' || name === '') return key;
  const isTaken = (other: Row): boolean => other.field_name === name || other.field_code === name;
  return (await readKept(path, context)).filter(isTaken).length === 1 ? name : key;
}

/** Fields by the names that the API uses; a stage of Pipedrive never says that a deal is won. */
export async function describePipedrive(context: Context): Promise<CrmDescription> {
  const described: Record<string, EntityDescription> = {};
  for (const [entity, { fields }] of Object.entries(ENTITIES)) {
    described[entity] = { fields: Object.fromEntries((await readAll(fields, {}, context)).flatMap(describeField)) };
  }
  const pipelines = await describePipelines(context);
  return { ...described, deal: { fields: described.deal?.fields ?? {}, pipelines } };
}

function describeField({ field_code: code, field_type: type, options }: Row): [string, FieldDescription][] {
  if (typeof code !== 'string') return [];
  const values = (Array.isArray(options) ? (options as unknown[]) : []).flatMap((option) =>
    isObject(option) ? (readId(option.id) ?? []) : [],
  );
  return [[code, { type: String(type), ...(values.length > 0 && { values }) }]];
}

async function describePipelines(context: Context): Promise<NonNullable<EntityDescription['pipelines']>> {
  const pipelines: Record<string, Record<string, { label: string; outcome: 'open' }>> = {};
  for (const { id } of await readAll('/api/v2/pipelines', {}, context)) pipelines[String(id)] = {};
  for (const { id, name, pipeline_id: pipelineId } of await readAll('/api/v2/stages', {}, context)) {
    const stages = (pipelines[String(pipelineId)] ??= {});
    stages[String(id)] = { label: String(name), outcome: 'open' };
  }
  return pipelines;
}
