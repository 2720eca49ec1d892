import type { CrmDescription, EntityDescription, FieldDescription, SourceContext } from '@crm-mesh/sdk';
import { isObject, readId } from '@crm-mesh/sdk/kit';
import { KeptReads } from '../kit/kept-reads.js';
import type { PipedriveConfig } from './config.js';
import { ENTITIES, factsOf } from './entities.js';
import { readAll, type Row } from './lists.js';

type Context = SourceContext<PipedriveConfig>;

/** Stages, pipelines and fields, by the path of their list. */
const lists = new KeptReads<PipedriveConfig, readonly Row[]>({
  keepMs: 600_000,
  ask: (path, context) => readAll(path, {}, context),
});

function findKept(path: string, context: Context, isWanted: (row: Row) => boolean): Promise<Row | undefined> {
  return lists.find(path, context, (rows) => rows.find(isWanted));
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
  return (await lists.read(path, context)).filter(isTaken).length === 1 ? name : key;
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
