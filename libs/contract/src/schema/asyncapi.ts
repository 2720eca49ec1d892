import { ENVELOPE_SCHEMA } from './envelope-schema.js';
import { SCHEMA_NAMES, listEventTypes, makeEventSchema } from './event-schema.js';
import { dataSchemaUrl, eventSchemaUrl } from './json-schema.js';
import type { JsonSchema } from './json-schema.js';
import { NOTIFICATION_SCHEMA } from './notification-schema.js';
import { makeDataSchema } from './record-schema.js';

const PARAMETERS = {
  tenant: { description: 'Whose CRM it is, percent-encoded.' },
  connection: { description: 'The account of a CRM, unique in the tenant, percent-encoded.' },
  entity: { description: 'The kind of record: contact, company, deal …, or custom-….' },
  action: { description: 'What happened: created, updated, won ….' },
  id: { description: "The record's id in the CRM, percent-encoded." },
  consumer: { description: 'The plugin (its durable) that the event is for.' },
} as const;

type Parameter = keyof typeof PARAMETERS;

interface Reference {
  $ref: string;
}

const SCHEMAS = '#/components/schemas/';

/** The AsyncAPI 3 document of what any NATS client meets: whole in itself, no other file needed. */
export function makeAsyncApi(): object {
  const events = listEventTypes().map(([name, action]) => `${name}.${action}`);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'crm-mesh',
      version: '1.0.0',
      description: 'Canonical CRM events on NATS JetStream. Each event has exactly one action, the most specific.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: {
      events: makeChannel(
        'crm.{tenant}.{connection}.{entity}.{action}.{id}',
        'Canonical events, in CRM_EVENTS.',
        events,
      ),
      direct: makeChannel(
        'direct.{consumer}.{tenant}.{connection}.{entity}.{action}.{id}',
        'Events told again to one consumer (redrive, repair, replay), in CRM_DIRECT.',
        events,
      ),
      notifications: makeChannel(
        'raw.{tenant}.{connection}.{entity}.{id}',
        'Verified signs from CRMs as received, in CRM_RAW.',
        ['notification'],
      ),
    },
    operations: {
      tellEvents: { action: 'send', channel: { $ref: '#/channels/events' } },
      tellAgain: { action: 'send', channel: { $ref: '#/channels/direct' } },
      takeNotifications: { action: 'receive', channel: { $ref: '#/channels/notifications' } },
    },
    components: { messages: makeMessages(), schemas: makeSchemas() },
  };
}

function makeChannel(address: string, description: string, messages: string[]): object {
  const names = [...address.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as Parameter);
  return {
    address,
    description,
    parameters: Object.fromEntries(names.map((name) => [name, PARAMETERS[name]])),
    messages: Object.fromEntries(
      messages.map((name): [string, Reference] => [name, { $ref: `#/components/messages/${name}` }]),
    ),
  };
}

function makeMessages(): Record<string, object> {
  const messages: Record<string, object> = {
    notification: {
      name: 'notification',
      contentType: 'application/json',
      payload: { $ref: `${SCHEMAS}notification` },
    },
  };
  for (const [name, action] of listEventTypes()) {
    const event = makeEventSchema(name, action);
    messages[`${name}.${action}`] = {
      name: event.title,
      contentType: 'application/cloudevents+json',
      payload: inline(event, ''),
    };
  }
  return messages;
}

function makeSchemas(): Record<string, object> {
  const schemas: Record<string, object> = {
    envelope: inline(ENVELOPE_SCHEMA, ''),
    notification: inline(NOTIFICATION_SCHEMA, ''),
  };
  for (const name of SCHEMA_NAMES) {
    const { definitions = {}, ...schema } = makeDataSchema(name);
    schemas[name] = inline(schema, SCHEMAS);
    for (const [part, partSchema] of Object.entries(definitions)) schemas[part] = inline(partSchema, SCHEMAS);
  }
  return schemas;
}

/** A schema for use inside the document: no own identity, and references that stay in the document. */
function inline(schema: JsonSchema, partPrefix: string): object {
  const { $schema: _draft, $id: _id, ...rest } = schema;
  return rewriteReferences(rest, partPrefix) as object;
}

function rewriteReferences(value: unknown, partPrefix: string): unknown {
  if (Array.isArray(value)) return value.map((item) => rewriteReferences(item, partPrefix));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' ? rewriteReference(String(inner), partPrefix) : rewriteReferences(inner, partPrefix),
    ]),
  );
}

function rewriteReference(reference: string, partPrefix: string): string {
  if (reference.startsWith('#/definitions/')) return reference.replace('#/definitions/', partPrefix);
  if (reference === eventSchemaUrl('envelope')) return `${SCHEMAS}envelope`;
  const name = SCHEMA_NAMES.find((known) => dataSchemaUrl(known) === reference);
  if (name === undefined) throw new TypeError(`Nothing in the document is ${reference}.`);
  return `${SCHEMAS}${name}`;
}
