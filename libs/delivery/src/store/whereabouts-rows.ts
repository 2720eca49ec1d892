import { formatRecordKey, parseEventSubject } from '@crm-mesh/contract';
import type { Store } from '@crm-mesh/store';

/** Receipts of one record: of which of its messages. */
export interface ReceiptPlace {
  /** `acme/hubspot/deal/4711` */
  record: string;
  stream: string;
  sequence: number;
}

/** Which of the records wait in a lane of the consumer: a parked one, or one that a dead letter holds. */
export async function listParkedAmong(store: Store, consumer: string, records: ReadonlySet<string>): Promise<string[]> {
  const rows = await store.read<{ subject: string }>(
    `SELECT subject FROM delivery_parked WHERE consumer = ?
     UNION SELECT subject FROM delivery_holds WHERE consumer = ?`,
    [consumer, consumer],
  );
  const waiting = new Set(rows.map(({ subject }) => readRecord(subject)));
  return [...waiting].filter((record): record is string => record !== undefined && records.has(record));
}

/** What its handlers gave back for the records. */
export async function listReceiptsAmong(
  store: Store,
  consumer: string,
  records: readonly string[],
): Promise<ReceiptPlace[]> {
  if (records.length === 0) return [];
  const rows = await store.read<Omit<ReceiptPlace, 'sequence'> & { sequence: number | string }>(
    `SELECT record, stream, sequence FROM delivery_receipts
     WHERE consumer = ? AND record IN (${records.map(() => '?').join(', ')})`,
    [consumer, ...records],
  );
  return rows.map((row) => ({ ...row, sequence: Number(row.sequence) }));
}

/** Of an event, a copy of one, or a notification: its last tokens name it. */
function readRecord(subject: string): string | undefined {
  const parts = subject.split('.');
  const key = subject.startsWith('raw.') ? ['crm', ...parts.slice(1, 4), 'any', parts[4]] : ['crm', ...parts.slice(-5)];
  const address = parseEventSubject(key.join('.'));
  return address && formatRecordKey(address);
}
