import type { CrmDescription, EntityDescription, FieldDescription, SourceContext } from '@crm-mesh/sdk';
import { apiOf } from './api.js';
import type { HubspotConfig } from './config.js';
import { pathOfEntity } from './object-types.js';
import { decideStatus, decideTicketStatus, listObjects } from './pipelines.js';
import { resultsOf } from './read-objects.js';

type Context = SourceContext<HubspotConfig>;
type Pipelines = NonNullable<EntityDescription['pipelines']>;

/** Object types whose records stand in a stage, as the API's paths name them. */
const STAGED = ['deals', 'leads', 'tickets'];

/** The properties of what is polled, with the values of picklists, and its pipelines: one call or two for an entity. */
export async function describeHubspot(context: Context): Promise<CrmDescription> {
  const { entities } = context.config;
  const described = await Promise.all(entities.map((entity) => describeEntity(entity, context)));
  return Object.fromEntries(entities.map((entity, index) => [entity, described[index]!]));
}

async function describeEntity(entity: string, context: Context): Promise<EntityDescription> {
  const api = apiOf(context);
  const path = pathOfEntity(entity);
  const [properties, pipelines] = await Promise.all([
    api.request({ method: 'GET', path: `/crm/v3/properties/${encodeURIComponent(path)}` }),
    STAGED.includes(path) ? api.request({ method: 'GET', path: `/crm/v3/pipelines/${path}` }) : undefined,
  ]);
  const fields = resultsOf(properties)
    .filter(({ archived }) => archived !== true)
    .map((property): [string, FieldDescription] => [String(property.name), describeField(property)]);
  return {
    fields: Object.fromEntries(fields),
    ...(pipelines !== undefined && { pipelines: describePipelines(entity, pipelines) }),
  };
}

/** An option that is hidden may still stand in records, so it counts. */
function describeField({ type, options }: Record<string, unknown>): FieldDescription {
  const values = listObjects(options).map(({ value }) => String(value));
  return { type: String(type), ...(values.length > 0 && { values: values.toSorted() }) };
}

function describePipelines(entity: string, answer: unknown): Pipelines {
  return Object.fromEntries(resultsOf(answer).map(({ id, stages }) => [String(id), describeStages(entity, stages)]));
}

function describeStages(entity: string, stages: unknown): Pipelines[string] {
  const outcomeOf = (metadata: unknown) =>
    entity === 'ticket' ? (decideTicketStatus(metadata) ?? 'open') : decideStatus(metadata);
  const described = listObjects(stages).map(
    ({ id, label, metadata }) => [String(id), { label: String(label), outcome: outcomeOf(metadata) }] as const,
  );
  return Object.fromEntries(described);
}
