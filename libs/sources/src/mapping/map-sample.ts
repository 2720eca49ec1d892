import type { Notification } from '@crm-mesh/contract';
import { validateRecord } from '@crm-mesh/contract/checking';
import type { MappedRecord, Source, SourceContext } from '@crm-mesh/sdk';
import type { AdjustRecord } from './adjust-record.js';
import { leaveOutUnread } from './leave-out-unread.js';
import { trackReads } from './track-reads.js';

export interface MapSampleInput {
  source: Source;
  context: SourceContext;
  adjust: AdjustRecord | undefined;
  /** Of a recorded webhook, or made for the object. */
  notification: Notification;
  /** The CRM's object, for sources that fetch. */
  fetched?: unknown;
}

export interface MappedSample {
  entity: string;
  id: string;
  mapped: MappedRecord;
  /** Why the normaliser would refuse the record; undefined: it would not. */
  refusal?: string;
  /** Paths in the CRM's object that nothing of the mapping has read. */
  leftOver: string[];
}

/** What the normaliser would make of a sample, and what of it nobody reads. Throws as `map` does. */
export async function mapSample({ source, context, adjust, ...sample }: MapSampleInput): Promise<MappedSample> {
  const isFetched = sample.fetched !== undefined;
  const { object, listUnread } = trackReads(isFetched ? sample.fetched : sample.notification.payload);
  const notification = isFetched ? sample.notification : { ...sample.notification, payload: object };
  const fetched = isFetched ? object : undefined;
  const own = copy(await source.map({ notification, fetched }, context));
  const adjusted = copy((await adjust?.(own, { notification, fetched })) ?? own);
  const mapped = leaveOutUnread(notification.entity, adjusted);
  const refusal = mapped.state === 'present' && !mapped.patch ? findRefusal(notification.entity, mapped) : undefined;
  return {
    entity: notification.entity,
    id: notification.id,
    mapped,
    ...(refusal !== undefined && { refusal }),
    leftOver: listUnread(),
  };
}

/** Nothing of it is a wrapped part of the sample any more. */
function copy(mapped: MappedRecord): MappedRecord {
  return JSON.parse(JSON.stringify(mapped)) as MappedRecord;
}

function findRefusal(entity: string, { record }: Extract<MappedRecord, { state: 'present' }>): string | undefined {
  try {
    validateRecord(entity, record);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
