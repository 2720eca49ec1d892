import { isDeepStrictEqual } from 'node:util';
import { stringifyCanonical } from './canonical-json.js';
import type { FieldChange } from './envelope.js';
import type { AnyRecord } from './records/index.js';

type Fields = Record<string, unknown>;

/** Custom fields are compared one by one; when it was modified is no content. */
const APART: ReadonlySet<string> = new Set(['custom', 'modifiedAt']);

/**
 * What changed, by top-level field; custom fields as `custom.<name>`. `modifiedAt` is left out as it is in the content
 * hash: the result is empty exactly if both have the same hash. A missing record counts as one without fields.
 */
export function diffRecords(before: AnyRecord | undefined, after: AnyRecord | undefined): Record<string, FieldChange> {
  const old = (before ?? {}) as Fields;
  const young = (after ?? {}) as Fields;
  const changes: [string, FieldChange][] = [];
  addChanges(changes, '', old, young);
  addChanges(changes, 'custom.', (old.custom ?? {}) as Fields, (young.custom ?? {}) as Fields);
  // fromEntries defines its keys: a field named `__proto__` stays a field.
  return Object.fromEntries(changes);
}

/** The fields of the older first. */
function addChanges(changes: [string, FieldChange][], prefix: string, before: Fields, after: Fields): void {
  const isPassedOver = (field: string): boolean => prefix === '' && APART.has(field);
  for (const field of Object.keys(before)) {
    if (isPassedOver(field)) continue;
    const from = before[field];
    const to = Object.hasOwn(after, field) ? after[field] : undefined;
    if (!isSame(from, to))
      changes.push([prefix + field, { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }]);
  }
  for (const field of Object.keys(after)) {
    const to = after[field];
    if (to !== undefined && !Object.hasOwn(before, field) && !isPassedOver(field))
      changes.push([prefix + field, { to }]);
  }
}

function isSame(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  // Most fields are as they were, and that is found out faster than both are written.
  return isDeepStrictEqual(left, right) || stringifyCanonical(left) === stringifyCanonical(right);
}
