import { IS_OBJECT, MAX, MIN, ValidationTypes } from 'class-validator';
import { targetConstructorToSchema } from 'class-validator-jsonschema';
import { isKnownEntity } from '../event-types.js';
import { IS_DAY_OR_TIMESTAMP, IS_TIMESTAMP, findPart } from '../records/field-decorators.js';
import type { RecordPart } from '../records/field-decorators.js';
import { CustomRecord, RECORD_CLASSES } from '../records/index.js';
import { wrapRecordSchema } from './data-schema.js';
import { DRAFT, recordSchemaUrl } from './json-schema.js';
import type { JsonSchema, SchemaName } from './json-schema.js';

const PART_PREFIX = '#/definitions/';

type Converters = NonNullable<NonNullable<Parameters<typeof targetConstructorToSchema>[1]>['additionalConverters']>;

/** Where the library's own converters say too little, or (`type: number` beside an integer's minimum) too much. */
const CONVERTERS: Converters = {
  [IS_TIMESTAMP]: { type: 'string', format: 'date-time' },
  [IS_DAY_OR_TIMESTAMP]: { type: 'string', anyOf: [{ format: 'date' }, { format: 'date-time' }] },
  [IS_OBJECT]: { type: 'object' },
  [MIN]: (meta) => ({ minimum: meta.constraints[0] as number }),
  [MAX]: (meta) => ({ maximum: meta.constraints[0] as number }),
  [ValidationTypes.NESTED_VALIDATION]: (meta) => {
    const part = findPart(meta.target, meta.propertyName);
    if (!part) throw new TypeError(`${meta.propertyName} is nested, but not by IsPart or IsPartList.`);
    return { $ref: `${PART_PREFIX}${part.name}` };
  },
};

/** The class behind a schema's name. */
export function findRecordClass(name: SchemaName): RecordPart {
  return isKnownEntity(name) ? RECORD_CLASSES[name] : CustomRecord;
}

/** A whole canonical record, as a source makes it and the ledger holds it. */
export function makeRecordSchema(name: SchemaName): JsonSchema {
  const recordClass = findRecordClass(name);
  const definitions: Record<string, JsonSchema> = {};
  const schema = makeClassSchema(recordClass, definitions);
  return withDefinitions(
    { $schema: DRAFT, $id: recordSchemaUrl(name), title: recordClass.name, ...schema },
    definitions,
  );
}

/** {@link wrapRecordSchema} of what the class yields. */
export function makeDataSchema(name: SchemaName): JsonSchema {
  return wrapRecordSchema(name, makeRecordSchema(name));
}

function makeClassSchema(partClass: RecordPart, definitions: Record<string, JsonSchema>): JsonSchema {
  const raw = targetConstructorToSchema(partClass, { additionalConverters: CONVERTERS }) as JsonSchema;
  const properties = Object.entries(raw.properties ?? {}).map(([field, schema]): [string, JsonSchema] => {
    const part = findInherited(partClass, field);
    if (part && !(part.name in definitions)) {
      definitions[part.name] = {};
      definitions[part.name] = makeClassSchema(part, definitions);
    }
    return [field, dropRefSiblings(schema)];
  });
  return {
    type: 'object',
    properties: Object.fromEntries(properties.toSorted(byName)),
    required: [...(raw.required ?? [])].toSorted(),
    additionalProperties: false,
  };
}

/** The class of a nested field, declared by `recordClass` or one that it extends. */
export function findInherited(recordClass: unknown, field: string): RecordPart | undefined {
  for (let at = recordClass; typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    const part = findPart(at, field);
    if (part) return part;
  }
  return undefined;
}

/** Draft-07 ignores what stands beside `$ref`. */
function dropRefSiblings(schema: JsonSchema): JsonSchema {
  if (schema.$ref) return { $ref: schema.$ref };
  return schema.items ? { ...schema, items: dropRefSiblings(schema.items) } : schema;
}

function withDefinitions(schema: JsonSchema, definitions: Record<string, JsonSchema>): JsonSchema {
  const entries = Object.entries(definitions).toSorted(byName);
  return entries.length === 0 ? schema : { ...schema, definitions: Object.fromEntries(entries) };
}

function byName(left: [string, unknown], right: [string, unknown]): number {
  return left[0] < right[0] ? -1 : 1;
}
