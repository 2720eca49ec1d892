import { eventFilter, MeshError } from '@crm-mesh/contract';

export interface EventQuery {
  /** `acme/hubspot/deal/4711`; from the left as much as is known. */
  record?: string;
  /** `deal.won`, `deal.*` */
  type?: string;
}

/** The subject filter of a query. Throws MESH_USAGE where the two contradict each other. */
export function planEventFilter({ record, type }: EventQuery): string {
  // An id may itself hold slashes.
  const [, tenant, connection, entity, id] =
    /^([^/]*)(?:\/([^/]*))?(?:\/([^/]*))?(?:\/(.+))?$/s.exec(record ?? '') ?? [];
  const typed = parseType(type);
  if (entity && typed.entity && entity !== typed.entity) {
    throw new MeshError('MESH_USAGE', `The record is a ${entity}, the type that of a ${typed.entity}.`, {
      cure: 'Name one of the two.',
    });
  }
  return eventFilter(dropBlanks({ tenant, connection, entity: entity || typed.entity, action: typed.action, id }));
}

function parseType(type: string | undefined): { entity?: string; action?: string } {
  if (type === undefined || type === '*') return {};
  const [, entity, action] = /^(?:crm\.)?([a-z0-9-]+)\.([a-z-]+|\*)$/.exec(type) ?? [];
  if (entity === undefined) {
    throw new MeshError('MESH_USAGE', `"${type}" is no event type.`, { cure: 'Write it as deal.won or deal.*.' });
  }
  return { entity, ...(action === '*' ? {} : { action }) };
}

function dropBlanks(part: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(part).filter((entry): entry is [string, string] => !!entry[1] && entry[1] !== '*'),
  );
}
