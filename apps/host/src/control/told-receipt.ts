import type { KeptReceipt } from '@crm-mesh/delivery';
import { formatRecordKey, parseEventSubject } from '@crm-mesh/contract';
import type { ToldReceipt } from '@crm-mesh/control';

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
