import type { CrmDescription, EntityDescription, FieldDescription, SourceContext } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';
import { KeptReads } from '../kit/kept-reads.js';
import { isRefusedWith } from './api.js';
import type { SalesforceConfig } from './config.js';
import { dataPath } from './data-path.js';
import { configuredObjectsOf, listEntities, listWanted } from './objects.js';
import { readStages } from './stages.js';

type Context = SourceContext<SalesforceConfig>;
type Fields = Readonly<Record<string, FieldDescription>>;

/** What describe says of an object: admins add fields and take rights away, seldom. */
const fieldsOf = new KeptReads<SalesforceConfig, Fields>({ keepMs: 3_600_000, ask: askForFields });

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
  const listReadable = (fields: Fields): string[] =>
    listWanted(object, context.config).filter((field) => Object.hasOwn(fields, field));
  try {
    return await ask(listReadable(await fieldsOf.read(object, context)));
  } catch (error) {
    if (!isRefusedWith(error, 'INVALID_FIELD')) throw error;
    return ask(listReadable(await fieldsOf.readAgain(object, context)));
  }
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
    const fields = await Promise.all(objects.map((object) => fieldsOf.read(object, context, 0)));
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
  const stages = await readStages(context);
  return {
    default: Object.fromEntries([...stages].map(([name, { label, status }]) => [name, { label, outcome: status }])),
  };
}
