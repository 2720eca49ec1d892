import { ORIGINS } from '../origin.js';
import { DRAFT, eventSchemaUrl } from './json-schema.js';
import type { JsonSchema } from './json-schema.js';

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

/** Whether an event with this action has the whole record in its data. */
export function carriesRecord(action: string): boolean {
  return action !== 'deleted' && action !== 'erased';
}

/** Which fields of the data an event of a record of that schema with this action must have. */
export function listRequiredFields(record: JsonSchema, action: string): string[] {
  if (!carriesRecord(action)) return ['changes', 'id'];
  return ['changes', ...(record.required ?? [])];
}
