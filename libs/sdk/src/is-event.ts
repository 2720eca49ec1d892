import type { EventPattern, MeshEvent } from '@crm-mesh/contract';

/**
 * Narrows an event of several types to one of them (or one entity), and its `data` with it.
 * @example
 * if (isEvent(event, 'contact.merged')) forget(event.data.mergedIds);
 */
export function isEvent<P extends EventPattern>(event: MeshEvent<EventPattern>, pattern: P): event is MeshEvent<P> {
  const type = event.type.slice('crm.'.length);
  return pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1)));
}
