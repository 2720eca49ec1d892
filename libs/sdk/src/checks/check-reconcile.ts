import { ENTITIES, findClosestWord, isEntity } from '@crm-mesh/contract';
import type { PluginReconcile } from '../reconcile/plugin-reconcile.js';
import { describeUnknownKey, type Problem } from './problem.js';

const KEYS = ['entities', 'marks', 'fields', 'page', 'digests'];
const CURE = 'Make it with reconcileTable or reconcileList, or write { entities, marks, page }.';

/** `reconcile` of a plugin: what the compiler says of it, said at load. */
export function checkReconcile(reconcile: unknown): Problem[] {
  if (reconcile === undefined) return [];
  if (typeof reconcile !== 'object' || reconcile === null)
    return [{ field: 'reconcile', what: 'is no object', cure: CURE }];
  const fields = reconcile as Record<string, unknown>;
  return [
    ...checkEntities(fields['entities']),
    ...checkMarks(fields),
    ...checkFunction(fields['page'], 'reconcile.page'),
    ...(fields['digests'] === undefined ? [] : checkFunction(fields['digests'], 'reconcile.digests')),
    ...Object.keys(fields)
      .filter((key) => !KEYS.includes(key))
      .map((key) => describeUnknownKey(`reconcile.${key}`, key, KEYS)),
  ];
}

function checkEntities(entities: unknown): Problem[] {
  const cure = "Write e.g. entities: ['contact'].";
  if (!Array.isArray(entities) || entities.length === 0)
    return [{ field: 'reconcile.entities', what: 'names no entity', cure }];
  return entities.flatMap((entity: unknown, index) => {
    if (typeof entity === 'string' && isEntity(entity)) return [];
    const meant = findClosestWord(String(entity), ENTITIES);
    const what = `${JSON.stringify(entity)} is no entity`;
    return [{ field: `reconcile.entities[${index}]`, what, cure: meant ? `Did you mean "${meant}"?` : cure }];
  });
}

function checkMarks({ marks, fields, entities }: Record<string, unknown>): Problem[] {
  const isKnown = marks === 'version' || marks === 'fields';
  if (!isKnown) return [{ field: 'reconcile.marks', what: 'is neither version nor fields', cure: CURE }];
  if (marks === 'version') return [];
  const named = (fields ?? {}) as NonNullable<PluginReconcile['fields']>;
  const lacking = (Array.isArray(entities) ? entities : []).filter(
    (entity) => !Array.isArray(named[String(entity)]) || named[String(entity)]!.length === 0,
  );
  return lacking.map((entity) => ({
    field: 'reconcile.fields',
    what: `names no fields of ${String(entity)}`,
    cure: `Write e.g. fields: { ${String(entity)}: ['email'] }.`,
  }));
}

function checkFunction(value: unknown, field: string): Problem[] {
  return typeof value === 'function'
    ? []
    : [{ field, what: value === undefined ? 'is missing' : 'is no function', cure: CURE }];
}
