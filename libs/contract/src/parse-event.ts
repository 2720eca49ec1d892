import type { MeshEvent } from './envelope.js';
import type { EventPattern, EventType } from './event-types.js';
import { parseJson } from './parse-json.js';
import { upcastEvent } from './schema/cast-event.js';
import type { SchemaSteps } from './schema/steps.js';
import { validateEnvelope, validateEvent } from './validation/validate-event.js';

/**
 * An event as it stands on the stream, in the newest version of its entity. Its envelope is checked, its data is not: who
 * appended it has done that. Throws MESH_EVENT_INVALID.
 */
export function parseEvent<P extends EventPattern = EventType>(
  payload: Uint8Array | string,
  steps?: SchemaSteps,
): MeshEvent<P> {
  const event = parseJson(payload, 'An event');
  validateEnvelope(event);
  return upcastEvent(event, steps) as MeshEvent<EventPattern> as MeshEvent<P>;
}

/**
 * As {@link parseEvent}, and checked through and through as {@link validateEvent} does: for readers whom a foreign
 * message must not mislead, as anybody with the right to publish can have appended it. Throws MESH_EVENT_INVALID.
 */
export function parseCheckedEvent(payload: Uint8Array | string, steps?: SchemaSteps): MeshEvent {
  return validateEvent(parseEvent(payload, steps), steps);
}
