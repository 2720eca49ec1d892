import type { CrmDescription, EntityDescription, FieldDescription, SourceContext } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';
import { isRefusedWith } from './api.js';
import type { SalesforceConfig } from './config.js';
import { dataPath } from './data-path.js';
import { configuredObjectsOf, listEntities, listWanted } from './objects.js';
import { readStages } from './stages.js';

type Context = SourceContext<SalesforceConfig>;
type Fields = Readonly<Record<string, FieldDescription>>;

/** Admins add fields and take rights away, seldom. */
const KEEP_MS = 3_600_000;
/** A field that is refused asks anew, but a flood of refusals does not flood Salesforce. */
const ASK_AGAIN_MS = 30_000;

interface Cached {
  readAtMs: number;
  fields: Promise<Fields>;
}

const cachedByConfig = new WeakMap<SalesforceConfig, Map<string, Cached>>();

/**
 * Runs `ask` with the fields of the object that are wanted and there: Salesforce refuses a whole request for one that it
 * does not have, or does not show to this user (`CurrencyIsoCode` where there is one currency). Where a field went away
 * since, the metadata is asked for once more.
 */
export async function withFields<T>(
  object: string,
  context: Context,
  ask: (fields: readonly string[]) => Promise<T>,
): Promise<T> {
  try {
    return await ask(await listReadable(object, KEEP_MS, context));
  } catch (error) {
    if (!isRefusedWith(error, 'INVALID_FIELD')) throw error;
    return ask(await listReadable(object, ASK_AGAIN_MS, context));
  }
}

async function listReadable(object: string, keepMs: number, context: Context): Promise<string[]> {
  const fields = await readFields(object, keepMs, context);
  return listWanted(object, context.config).filter((field) => Object.hasOwn(fields, field));
}

function readFields(object: string, keepMs: number, context: Context): Promise<Fields> {
  const byObject = cachedByConfig.get(context.config) ?? new Map<string, Cached>();
  cachedByConfig.set(context.config, byObject);
  const cached = byObject.get(object);
  if (cached && context.now() - cached.readAtMs < keepMs) return cached.fields;
  const fields = askForFields(object, context);
  const fresh = { readAtMs: context.now(), fields };
  byObject.set(object, fresh);
  // A failure is nobody's answer but that of those who waited for it.
  fields.catch(() => {
    if (byObject.get(object) === fresh) byObject.delete(object);
  });
  return fields;
}

async function askForFields(object: string, { api, config }: Context): Promise<Fields> {
  const { body } = await api.request({ path: dataPath(config, `/sobjects/${encodeURIComponent(object)}/describe`) });
  const list = isObject(body) && Array.isArray(body.fields) ? (body.fields as unknown[]) : [];
  return Object.fromEntries(
    list.flatMap((field) =>
      isObject(field) && typeof field.name === 'string' ? [[field.name, describeField(field)] as const] : [],
    ),
  );
}

function describeField({ type, picklistValues }: Record<string, unknown>): FieldDescription {
  const values = (Array.isArray(picklistValues) ? (picklistValues as unknown[]) : []).flatMap((one) =>
    isObject(one) && one.active !== false && typeof one.value === 'string' ? [one.value] : [],
  );
  return { type: String(type), ...(values.length > 0 && { values }) };
}

/** Of two objects that are one entity (tasks and events), the fields of both. */
export async function describeSalesforce(context: Context): Promise<CrmDescription> {
  const described = listEntities(context.config).map(async (entity) => {
    const objects = configuredObjectsOf(entity, context.config);
    const fields = await Promise.all(objects.map((object) => readFields(object, 0, context)));
    const description: EntityDescription = { fields: Object.assign({}, ...fields) as Fields };
    return [
      entity,
      entity === 'deal' ? { ...description, pipelines: await describeStages(context) } : description,
    ] as const;
  });
  return Object.fromEntries(await Promise.all(described));
}

/** Salesforce has one list of stages; sales processes and record types choose among them. */
async function describeStages(context: Context): Promise<NonNullable<EntityDescription['pipelines']>> {
  const stages = await readStages(0, context);
  return {
    default: Object.fromEntries([...stages].map(([name, { label, status }]) => [name, { label, outcome: status }])),
  };
}
