import type { AnyRecord } from '@crm-mesh/contract';
import type { MappedRecord } from '@crm-mesh/sdk';
import { getProperty, setProperty } from 'dot-prop';

type Present = Extract<MappedRecord, { state: 'present' }>;

/**
 * The record after the statement, with what could not be read of it as it was last known, and marked: a field that is left
 * out is not cleared. `data` is what the statement comes to by itself.
 */
export function markUnread(data: AnyRecord, known: AnyRecord | undefined, mapped: Present): AnyRecord {
  const left = (mapped.unread ?? []).map(({ field }) => field);
  // Of a patch: what it does not speak of is as unread as before.
  const still = mapped.patch ? (known?.unread ?? []).filter((field) => !isSaid(mapped, field)) : [];
  if (left.length + still.length === 0) {
    if (data.unread === undefined) return data;
    const { unread: _, ...read } = data;
    return read as AnyRecord;
  }
  const marked = { ...(mapped.patch ? data : carryOver(data, known, left)) };
  return Object.assign(marked, { unread: [...new Set([...left, ...still])].toSorted() });
}

function carryOver(data: AnyRecord, known: AnyRecord | undefined, fields: readonly string[]): AnyRecord {
  const whole = structuredClone(data);
  for (const field of fields) {
    const last: unknown = known && getProperty(known, field);
    if (last !== undefined) setProperty(whole, field, last);
  }
  return whole;
}

function isSaid({ record, cleared = [] }: Present, field: string): boolean {
  const [whole = ''] = field.split('.', 1);
  return getProperty(record, field) !== undefined || cleared.includes(field) || cleared.includes(whole);
}
