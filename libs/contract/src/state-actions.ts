import type { AnyRecord } from './records/index.js';

/**
 * The actions that can tell a record as it is now, the most telling first: a deal that is won is told as `won` to who listens
 * to that, anything else as `created`, or else as `updated`.
 */
export function listStateActions(entity: string, record: AnyRecord): string[] {
  const status = entity === 'deal' && 'status' in record ? String(record.status) : 'open';
  return [...(status === 'won' || status === 'lost' ? [status] : []), 'created', 'updated'];
}
