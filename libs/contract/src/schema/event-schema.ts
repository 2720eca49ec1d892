import { COMMON_ACTIONS, ENTITIES, listActions } from '../event-types.js';
import { carriesRecord, listRequiredFields } from './envelope-schema.js';
import { DRAFT, dataSchemaUrl, eventSchemaUrl } from './json-schema.js';
import type { JsonSchema, SchemaName } from './json-schema.js';
import { makeRecordSchema } from './record-schema.js';

/** Every entity's schema name; all custom ones share the last. */
export const SCHEMA_NAMES: readonly SchemaName[] = [...ENTITIES, 'custom'];

/** The event types of an entity as [entity, action]. */
export function listEventTypes(): [SchemaName, string][] {
  return SCHEMA_NAMES.flatMap((name) => listSchemaActions(name).map((action): [SchemaName, string] => [name, action]));
}

/** One whole event type: envelope and data. */
export function makeEventSchema(name: SchemaName, action: string): JsonSchema {
  const data: JsonSchema = { $ref: dataSchemaUrl(name) };
  return {
    $schema: DRAFT,
    $id: eventSchemaUrl(`${name}.${action}`),
    title: `crm.${name === 'custom' ? 'custom-…' : name}.${action}`,
    type: 'object',
    allOf: [{ $ref: eventSchemaUrl('envelope') }],
    properties: {
      type:
        name === 'custom'
          ? { pattern: `^crm\\.custom-[a-z0-9_-]{1,100}\\.${action}$` }
          : { const: `crm.${name}.${action}` },
      subject: { pattern: name === 'custom' ? '^custom-[a-z0-9_-]{1,100}/' : `^${name}/` },
      dataschema: { const: dataSchemaUrl(name) },
      data: carriesRecord(action)
        ? { allOf: [data, { required: listRequiredFields(makeRecordSchema(name), action) }] }
        : data,
    },
  };
}

function listSchemaActions(name: SchemaName): readonly string[] {
  const known = ENTITIES.find((entity) => entity === name);
  return known ? listActions(known) : COMMON_ACTIONS;
}
