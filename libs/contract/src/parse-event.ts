import type { MeshEvent } from './envelope.js';
import type { EventPattern, EventType } from './event-types.js';
import { parseJson } from './parse-json.js';
import { validateEnvelope } from './validation/validate-event.js';

/**
 * An event as it stands on the stream. Its envelope is checked, its data is not: who appended it has done that.
 * Throws MESH_EVENT_INVALID.
 */
export function parseEvent<P extends EventPattern = EventType>(payload: Uint8Array | string): MeshEvent<P> {
  const event = parseJson(payload, 'An event');
  validateEnvelope(event);
  return event as MeshEvent<P>;
}
