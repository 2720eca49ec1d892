import { suggestName } from '@crm-mesh/config/suggest-name';
import { checkEventPattern, ENTITIES, eventFilter, isEntity, MeshError, type EventPattern } from '@crm-mesh/contract';

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
  if (entity && entity !== '*' && !isEntity(entity)) throw describeUnknownEntity(entity);
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
  const [entity, action] = checkEventType(type).split('.');
  return { entity, ...(action === '*' ? {} : { action }) };
}

/** Throws MESH_USAGE. */
export function checkEventTypes(types: readonly string[]): EventPattern[] {
  return types.map((type) => checkEventType(type.trim()));
}

function checkEventType(type: string): EventPattern {
  const checked = checkEventPattern(type.replace(/^crm\./, ''));
  if (checked.ok) return checked.pattern;
  const cure = checked.suggestion ? `Did you mean ${checked.suggestion}?` : 'Write it as deal.won or deal.*.';
  throw new MeshError('MESH_USAGE', `"${type}" is no event type.`, { cure });
}

function describeUnknownEntity(entity: string): MeshError {
  const suggestion = suggestName(entity, ENTITIES);
  const cure = suggestion ? `Did you mean ${suggestion}?` : `Name one of ${ENTITIES.join(', ')}, or a custom-….`;
  return new MeshError('MESH_USAGE', `The mesh knows no entity "${entity}".`, { cure });
}

function dropBlanks(part: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(part).filter((entry): entry is [string, string] => !!entry[1] && entry[1] !== '*'),
  );
}
