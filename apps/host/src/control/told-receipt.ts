import type { KeptReceipt } from '@crm-mesh/delivery';
import { formatRecordKey, parseEventSubject } from '@crm-mesh/contract';

/** A receipt as it is told over NATS. */
export interface ToldReceipt {
  /** `acme/hubspot/deal/4711` */
  record: string;
  /** `deal.won` */
  type: string;
  stream: string;
  sequence: number;
  at: string;
  receipt: unknown;
}

export function toToldReceipt({ ref, subject, json, keptAtMs }: KeptReceipt): ToldReceipt {
  const address = parseEventSubject(subject);
  return {
    record: address ? formatRecordKey(address) : subject,
    type: address ? `${address.entity}.${address.action}` : subject,
    stream: ref.stream,
    sequence: ref.sequence,
    at: new Date(keptAtMs).toISOString(),
    receipt: JSON.parse(json),
  };
}
