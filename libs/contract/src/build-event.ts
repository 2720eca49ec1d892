import type { EventData, FieldChange, MeshEvent } from './envelope.js';
import { eventId } from './event-id.js';
import type { Origin } from './origin.js';
import type { RecordKey } from './record-key.js';
import type { AnyRecord } from './records/index.js';
import { dataSchemaUrl } from './schema/json-schema.js';
import type { EventAddress } from './subjects.js';
import { escapeToken } from './tokens.js';

/** What makes an event. */
export interface EventParts {
  /** Whose record it is, and the action that the event tells. */
  address: EventAddress;
  /** 1, 2, 3 … per record, without gaps. */
  version: number;
  /** Why it is told; see {@link Origin}. */
  origin: Origin;
  /** ISO 8601: when the CRM says that the change happened, else when we learned of it. */
  time: string;
  /** The same for everything that one sign from outside set off. */
  correlationId: string;
  /** The message id of the notification behind it. */
  causationId: string;
  /** The record after the change; of an erased one only `id`. */
  record: AnyRecord | (Partial<AnyRecord> & { id: string });
  /** What is new, by field ({@link diffRecords} makes it). */
  changes: Record<string, FieldChange>;
  /** For `merged`: ids of the records that this one has swallowed. */
  mergedIds?: string[] | undefined;
  /** For `deleted`: the record that has swallowed this one. */
  mergedInto?: string | undefined;
}

/** The event of one change. It is not validated: sources' records are, before they are compared. */
export function buildEvent(parts: EventParts): MeshEvent {
  const { address, record, changes, mergedIds, mergedInto } = parts;
  return {
    specversion: '1.0',
    id: eventId(address, parts.version),
    source: eventSource(address),
    type: `crm.${address.entity}.${address.action}`,
    subject: eventSubjectAttribute(address),
    time: parts.time,
    datacontenttype: 'application/json',
    dataschema: dataSchemaUrl(address.entity),
    tenant: address.tenant,
    recordversion: parts.version,
    origin: parts.origin,
    correlationid: parts.correlationId,
    causationid: parts.causationId,
    data: {
      ...(record as object),
      changes,
      ...(mergedIds && { mergedIds }),
      ...(mergedInto !== undefined && { mergedInto }),
    } as EventData<AnyRecord>,
  };
}

/** CloudEvents `source`, a URI reference: `/tenant/connection`, escaped. */
export function eventSource(key: RecordKey): string {
  return `/${escapeToken(key.tenant)}/${escapeToken(key.connection)}`;
}

/** CloudEvents `subject` (not the NATS one): `deal/4711`, escaped, as it may hold no control characters. */
export function eventSubjectAttribute(key: RecordKey): string {
  return `${key.entity}/${escapeToken(key.id)}`;
}
