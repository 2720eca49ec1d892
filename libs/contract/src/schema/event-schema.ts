import { COMMON_ACTIONS, ENTITIES, listActions } from '../event-types.js';
import { ORIGINS } from '../origin.js';
import { DRAFT, dataSchemaUrl, eventSchemaUrl } from './json-schema.js';
import type { JsonSchema, SchemaName } from './json-schema.js';
import { makeRecordSchema } from './record-schema.js';

/** Every entity's schema name; all custom ones share the last. */
export const SCHEMA_NAMES: readonly SchemaName[] = [...ENTITIES, 'custom'];

const TEXT: JsonSchema = { type: 'string', minLength: 1 };

/** The CloudEvents envelope of every event; further extension attributes may stand in it. */
export const ENVELOPE_SCHEMA: JsonSchema = {
  $schema: DRAFT,
  $id: eventSchemaUrl('envelope'),
  title: 'CRM event envelope (CloudEvents 1.0, structured JSON mode)',
  type: 'object',
  properties: {
    specversion: { const: '1.0' },
    id: {
      type: 'string',
      pattern: '^[^/]+/[^/]+/[^/]+/[^/]+@[1-9][0-9]*$',
      description: 'tenant/connection/entity/id@version, percent-encoded',
    },
    source: { type: 'string', pattern: '^/[^/]+/[^/]+$', description: '/tenant/connection, percent-encoded' },
    type: { type: 'string', pattern: '^crm\\.[a-z0-9_-]+\\.[a-z-]+$' },
    subject: { type: 'string', pattern: '^[a-z0-9_-]+/[^/]+$', description: 'entity/id, percent-encoded' },
    time: { type: 'string', format: 'date-time' },
    datacontenttype: { const: 'application/json' },
    dataschema: { ...TEXT, description: 'The $id of the schema of data' },
    tenant: TEXT,
    recordversion: { type: 'integer', minimum: 1, description: '1, 2, 3 … per record, without gaps' },
    origin: { enum: ORIGINS },
    correlationid: TEXT,
    causationid: TEXT,
    data: { type: 'object' },
  },
  required: [
    'specversion',
    'id',
    'source',
    'type',
    'subject',
    'time',
    'datacontenttype',
    'dataschema',
    'tenant',
    'recordversion',
    'origin',
    'correlationid',
    'causationid',
    'data',
  ],
};

/** The event types of an entity as [entity, action]. */
export function listEventTypes(): [SchemaName, string][] {
  return SCHEMA_NAMES.flatMap((name) => listSchemaActions(name).map((action): [SchemaName, string] => [name, action]));
}

/** Whether an event with this action has the whole record in its data. */
export function carriesRecord(action: string): boolean {
  return action !== 'deleted' && action !== 'erased';
}

/** Which fields of the data an event with this action must have. */
export function listRequiredFields(name: SchemaName, action: string): string[] {
  if (!carriesRecord(action)) return ['changes', 'id'];
  return ['changes', ...(makeRecordSchema(name).required ?? [])];
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
      data: carriesRecord(action) ? { allOf: [data, { required: listRequiredFields(name, action) }] } : data,
    },
  };
}

function listSchemaActions(name: SchemaName): readonly string[] {
  const known = ENTITIES.find((entity) => entity === name);
  return known ? listActions(known) : COMMON_ACTIONS;
}
