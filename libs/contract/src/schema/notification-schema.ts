import { CHANGES } from '../notification.js';
import { ORIGINS } from '../origin.js';
import { DRAFT, notificationSchemaUrl } from './json-schema.js';
import type { JsonSchema } from './json-schema.js';

const TEXT: JsonSchema = { type: 'string', minLength: 1 };
const TIME: JsonSchema = { type: 'string', format: 'date-time' };

/** What stands on `raw.…`. */
export const NOTIFICATION_SCHEMA: JsonSchema = {
  $schema: DRAFT,
  $id: notificationSchemaUrl(),
  title: 'Notification',
  type: 'object',
  properties: {
    tenant: TEXT,
    connection: TEXT,
    entity: TEXT,
    id: TEXT,
    dedupeKey: { ...TEXT, description: 'The same whenever the CRM says the same thing again' },
    change: { enum: CHANGES },
    origin: { enum: ORIGINS.filter((origin) => origin !== 'echo' && origin !== 'snapshot') },
    modifiedAt: TIME,
    receivedAt: TIME,
    verifiedBy: TEXT,
    mergedIds: { type: 'array', items: { type: 'string' } },
    payload: { description: "The CRM's own item, untouched" },
    fetched: { description: "The CRM's own object, where the sign carries it" },
  },
  required: [
    'tenant',
    'connection',
    'entity',
    'id',
    'dedupeKey',
    'change',
    'origin',
    'receivedAt',
    'verifiedBy',
    'payload',
  ],
};
