import type { AnyRecord } from '@crm-mesh/contract';
import type { MappedRecord } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';
import { deleteProperty } from 'dot-prop';

type Present = Extract<MappedRecord, { state: 'present' }>;

/**
 * The whole record: a patch merged over the last known state (as RFC 7386 merges: field by field, an address part by
 * part, lists whole), and anything else as it is.
 */
export function applyPatch(entity: string, lastKnown: AnyRecord | undefined, mapped: Present): AnyRecord {
  if (!mapped.patch) return openUnlessTold(entity, { ...mapped.record });
  const last = Object.assign<Record<string, unknown>, object | undefined>({}, lastKnown);
  const patch = Object.assign<Record<string, unknown>, object>({}, mapped.record);
  const merged: Record<string, unknown> = { ...last, ...patch };
  for (const part of ['address', 'custom']) {
    const both = mergeObjects(last[part], patch[part]);
    if (both) merged[part] = both;
  }
  for (const field of mapped.cleared ?? []) {
    if (!field.startsWith('custom.')) deleteProperty(merged, field);
    else if (isObject(merged.custom)) delete merged.custom[field.slice('custom.'.length)];
  }
  for (const part of ['address', 'custom']) {
    if (isObject(merged[part]) && Object.keys(merged[part]).length === 0) delete merged[part];
  }
  return openUnlessTold(entity, merged);
}

/** A deal has a status always; one that was never told of another is open. */
function openUnlessTold(entity: string, record: object): AnyRecord {
  return (entity === 'deal' ? { status: 'open', ...record } : record) as AnyRecord;
}

function mergeObjects(last: unknown, patch: unknown): Record<string, unknown> | undefined {
  if (!isObject(last)) return isObject(patch) ? { ...patch } : undefined;
  return isObject(patch) ? { ...last, ...patch } : { ...last };
}
