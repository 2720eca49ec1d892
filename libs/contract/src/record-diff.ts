import { isDeepStrictEqual } from 'node:util';
import { stringifyCanonical } from './canonical-json.js';
import type { FieldChange } from './envelope.js';
import type { AnyRecord } from './records/index.js';

type Fields = Record<string, unknown>;

/**
 * What changed, by top-level field; custom fields as `custom.<name>`. `modifiedAt` is left out as it is in the content
 * hash: the result is empty exactly if both have the same hash. A missing record counts as one without fields.
 */
export function diffRecords(before: AnyRecord | undefined, after: AnyRecord | undefined): Record<string, FieldChange> {
  const { custom: oldCustom, ...oldFields } = before ?? ({} as AnyRecord);
  const { custom: newCustom, ...newFields } = after ?? ({} as AnyRecord);
  const changes = diffFields(oldFields, newFields).filter(([field]) => field !== 'modifiedAt');
  const customChanges = diffFields(oldCustom ?? {}, newCustom ?? {});
  // fromEntries defines its keys: a field named `__proto__` stays a field.
  return Object.fromEntries([
    ...changes,
    ...customChanges.map(([field, change]) => [`custom.${field}`, change] as const),
  ]);
}

function diffFields(before: Fields, after: Fields): [string, FieldChange][] {
  const changes: [string, FieldChange][] = [];
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const from = readOwn(before, field);
    const to = readOwn(after, field);
    if (!isSame(from, to))
      changes.push([field, { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }]);
  }
  return changes;
}

function readOwn(fields: Fields, field: string): unknown {
  return Object.hasOwn(fields, field) ? fields[field] : undefined;
}

function isSame(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  // Most fields are as they were, and that is found out faster than both are written.
  return isDeepStrictEqual(left, right) || stringifyCanonical(left) === stringifyCanonical(right);
}
