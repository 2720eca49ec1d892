import type { AnyRecord } from '@crm-mesh/contract';
import type { UnreadField } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';

/** Stands in a record in the making where a value could not be read. */
export class Unreadable {
  /** For people; never with the value. */
  constructor(readonly why: string) {}
}

type Fields = Record<string, unknown>;

/**
 * The record without what could not be read, and what that is: of an address part by part, of everything else the whole
 * field. A line without its price would be taken for a line that costs nothing.
 */
export function takeOutUnreadable(record: Fields): { record: AnyRecord; unread?: UnreadField[] } {
  const found = Object.entries(record).flatMap(([field, value]) =>
    field === 'address' && isObject(value) && !(value instanceof Unreadable)
      ? Object.entries(value).flatMap(([part, inner]) => findUnreadable(`${field}.${part}`, inner))
      : findUnreadable(field, value),
  );
  // The normaliser validates every record; here it is still what the CRM made of it.
  if (found.length === 0) return { record: record as unknown as AnyRecord };
  return { record: leaveOutFields(record, new Set(found.map(({ field }) => field))), unread: found };
}

/** A copy without these; an address of which nothing is left goes too. */
export function leaveOutFields(record: Readonly<Fields>, fields: ReadonlySet<string>): AnyRecord {
  if (fields.size === 0) return record as unknown as AnyRecord;
  const kept = Object.entries(record).flatMap(([field, value]): [string, unknown][] => {
    if (fields.has(field)) return [];
    if (field !== 'address' || !isObject(value)) return [[field, value]];
    const parts = Object.entries(value).filter(([part]) => !fields.has(`${field}.${part}`));
    return parts.length > 0 ? [[field, Object.fromEntries(parts)]] : [];
  });
  return Object.fromEntries(kept) as unknown as AnyRecord;
}

/** `custom` is kept as the CRM has it: nothing in it was converted. */
function findUnreadable(field: string, value: unknown): UnreadField[] {
  const why = field === 'custom' ? undefined : findWhy(value);
  return why === undefined ? [] : [{ field, why }];
}

function findWhy(value: unknown): string | undefined {
  if (value instanceof Unreadable) return value.why;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const inner of Object.values(value)) {
    const why = findWhy(inner);
    if (why !== undefined) return why;
  }
  return undefined;
}
