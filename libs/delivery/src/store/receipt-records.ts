import { formatRecordKey, parseEventSubject } from '@crm-mesh/contract';
import type { Store, Transaction } from '@crm-mesh/store';
import { columnsOf, marks, type ItemRef } from './item-rows.js';

/** What a handler gave back for one message. */
export interface Receipt {
  /** The message as it was told first. */
  ref: ItemRef;
  subject: string;
  /** JSON text. */
  json: string;
}

export interface KeptReceipt extends Receipt {
  keptAtMs: number;
}

export interface ReceiptQuery {
  consumer: string;
  /** `acme/hubspot/deal/4711`, or `deal/4711`. */
  record?: string | undefined;
  /** The newest. */
  limit: number;
}

/** The newer one counts. */
export async function insertReceipts(
  tx: Transaction,
  consumer: string,
  receipts: readonly Receipt[],
  nowMs: number,
): Promise<void> {
  for (const { ref, subject, json } of receipts) {
    const key = parseEventSubject(subject);
    await tx.run(
      `INSERT INTO delivery_receipts (consumer, stream, incarnation, sequence, record, subject, receipt, kept_at_ms)
       VALUES (${marks(8)}) ON CONFLICT (consumer, stream, incarnation, sequence)
       DO UPDATE SET receipt = excluded.receipt, kept_at_ms = excluded.kept_at_ms`,
      [...columnsOf(consumer, ref), key ? formatRecordKey(key) : subject, subject, json, nowMs],
    );
  }
}

/** The newest first. */
export async function listReceipts(store: Store, { consumer, record, limit }: ReceiptQuery): Promise<KeptReceipt[]> {
  const ofRecord = record === undefined ? '' : String.raw`AND (record = ? OR record LIKE ? ESCAPE '\')`;
  const rows = await store.read<ItemRef & { subject: string; receipt: string; kept_at_ms: number }>(
    `SELECT stream, incarnation, sequence, subject, receipt, kept_at_ms FROM delivery_receipts
     WHERE consumer = ? ${ofRecord} ORDER BY kept_at_ms DESC, sequence DESC LIMIT ?`,
    [consumer, ...(record === undefined ? [] : [record, `%/${escapeLike(record)}`]), limit],
  );
  return rows.map(({ subject, receipt, kept_at_ms, ...ref }) => ({
    ref,
    subject,
    json: receipt,
    keptAtMs: kept_at_ms,
  }));
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, String.raw`\$&`);
}
