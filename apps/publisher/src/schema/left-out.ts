import type { RecordKey } from '@crm-mesh/contract';
import type { LeftOut } from '@crm-mesh/control';
import type { UnreadCount } from '@crm-mesh/ledger';

/** Of one connection, by entity and field. */
export function listLeftOut(
  counts: readonly UnreadCount[],
  { tenant, name }: Pick<RecordKey, 'tenant'> & { name: string },
): LeftOut[] {
  const byField = new Map<string, LeftOut>();
  for (const { entity, fields, records } of counts.filter((one) => one.tenant === tenant && one.connection === name)) {
    for (const field of fields) {
      const key = `${entity}.${field}`;
      byField.set(key, { entity, field, records: (byField.get(key)?.records ?? 0) + records });
    }
  }
  return [...byField].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, leftOut]) => leftOut);
}
