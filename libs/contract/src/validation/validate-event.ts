import type { ValidateFunction } from 'ajv';
import type { MeshEvent } from '../envelope.js';
import { MeshError } from '../errors.js';
import { eventId } from '../event-id.js';
import { isEventType } from '../event-types.js';
import { dataSchemaUrl } from '../schema/json-schema.js';
import { ENVELOPE_SCHEMA } from '../schema/envelope-schema.js';
import type { SchemaSteps } from '../schema/steps.js';
import { eventSource, eventSubjectAttribute } from '../build-event.js';
import { readToken } from '../tokens.js';
import { compileSchema, describeAjvErrors } from './compile-schema.js';
import { validateEventData } from './validate-record.js';

let validateShape: ValidateFunction | undefined;

/** Whether `event` has the envelope of a mesh event; its data is only looked at as far as that it is an object. */
export function validateEnvelope(event: unknown): asserts event is MeshEvent {
  validateShape ??= compileSchema(ENVELOPE_SCHEMA);
  if (validateShape(event)) return;
  throw createInvalid(describeAjvErrors(validateShape.errors).join('; '));
}

/**
 * Whether `event` is a mesh event through and through: envelope, data by the schema of its type, and attributes that
 * agree with each other. Throws MESH_EVENT_INVALID, which names the field and never the value.
 */
export function validateEvent(event: unknown, steps?: SchemaSteps): MeshEvent {
  validateEnvelope(event);
  const type = event.type.slice('crm.'.length);
  if (!isEventType(type)) throw createInvalid('type is no known event type');
  const [entity = '', action = ''] = type.split('.');
  validateEventData(entity, action, event.data);
  const disagreeing = findDisagreement(event, entity, steps);
  if (disagreeing) throw createInvalid(`${disagreeing} does not agree with the other attributes and the data's id`);
  return event;
}

function findDisagreement(event: MeshEvent, entity: string, steps?: SchemaSteps): string | undefined {
  const connection = readToken(event.source.slice(event.source.lastIndexOf('/') + 1));
  if (connection === undefined) return 'source';
  const key = { tenant: event.tenant, connection, entity, id: event.data.id };
  if (event.source !== eventSource(key)) return 'source';
  if (event.subject !== eventSubjectAttribute(key)) return 'subject';
  if (event.id !== eventId(key, event.recordversion)) return 'id';
  return event.dataschema === dataSchemaUrl(entity, steps) ? undefined : 'dataschema';
}

function createInvalid(problem: string): MeshError {
  return new MeshError('MESH_EVENT_INVALID', `An event breaks its schema: ${problem}.`);
}
