import { formatRecordKey, listRecordFilters, type RecordKey } from '@crm-mesh/contract';
import type { ToldChange } from '@crm-mesh/control';
import { readNewest } from '@crm-mesh/delivery';
import type { Nats, StoredMessage } from '@crm-mesh/jetstream';
import { readLoggedEvent } from '@crm-mesh/ledger';
import { decodeGathered, GATHERED_HEADER } from '../normaliser/gathered-header.js';
import type { CauseView } from './judge-notification.js';

/** An event with what led to it. */
export interface ReadChange extends Omit<ToldChange, 'notification'> {
  storedAtMs: number;
  action: string;
  cause: Pick<CauseView, 'atMs' | 'causationId' | 'gathered'>;
}

/** With values only where they are asked for: they are personal data. */
export async function readChanges(nats: Nats, key: RecordKey, withValues: boolean): Promise<ReadChange[]> {
  const { events } = listRecordFilters(key);
  return readNewest(nats, 'CRM_EVENTS', [events], (message) => readChange(nats, message, withValues));
}

async function readChange(nats: Nats, message: StoredMessage, withValues: boolean): Promise<ReadChange | undefined> {
  const logged = await readLoggedEvent(nats, message);
  if (!logged) return undefined;
  const { address, event } = logged;
  const { changes, mergedIds, mergedInto } = event.data;
  return {
    record: formatRecordKey(address),
    sequence: message.sequence,
    storedAtMs: message.storedAtMs,
    at: new Date(message.storedAtMs).toISOString(),
    action: address.action,
    type: `${address.entity}.${address.action}`,
    version: event.recordversion,
    origin: event.origin,
    time: event.time,
    changed: Object.keys(changes),
    ...(withValues ? { changes } : {}),
    ...(mergedIds === undefined ? {} : { mergedIds }),
    ...(mergedInto === undefined ? {} : { mergedInto }),
    cause: {
      atMs: Date.parse(event.time),
      causationId: event.causationid,
      gathered: decodeGathered(message.header(GATHERED_HEADER)),
    },
  };
}
