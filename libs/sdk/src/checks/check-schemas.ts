import { isKnownEntity, SCHEMA_STEPS, schemaVersion, type SchemaSteps } from '@crm-mesh/contract';
import type { Problem } from './problem.js';

const CURE = 'Write e.g. schemas: { deal: 1 }.';

/** Versions that this mesh can give to a plugin. */
export function checkSchemas(schemas: unknown, steps: SchemaSteps = SCHEMA_STEPS): Problem[] {
  if (schemas === undefined) return [];
  if (typeof schemas !== 'object' || schemas === null || Array.isArray(schemas))
    return [{ field: 'schemas', what: 'is no table of versions by entity', cure: CURE }];
  return Object.entries(schemas).flatMap(([entity, version]) => {
    const field = `schemas.${entity}`;
    if (!isKnownEntity(entity) && entity !== 'custom') return [{ field, what: 'names no entity', cure: CURE }];
    const newest = schemaVersion(entity === 'custom' ? 'custom-x' : entity, steps);
    if (Number.isInteger(version) && Number(version) >= 1 && Number(version) <= newest) return [];
    const what = newest === 1 ? 'is at version 1' : `has the versions 1 to ${newest}`;
    return [{ field, what: `asks for a version that there is not: ${entity} ${what}`, cure: CURE }];
  });
}
