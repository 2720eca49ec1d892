import type { EntityOf, EventPattern, EventType } from './event-types.js';
import type { Origin } from './origin.js';
import type { RecordOf } from './records/index.js';

/** What became of one field; a side is absent where the field was. */
export interface FieldChange {
  from?: unknown;
  to?: unknown;
}

/** The canonical record after the change, with `changes` telling what is new in it. */
export type EventData<R> = R & {
  /** By field, custom ones as `custom.<name>`; empty when nothing but the action is new. */
  changes: Record<string, FieldChange>;
  /** For `merged`: ids of the records that this one has swallowed. */
  mergedIds?: string[];
};

/**
 * The `data` of the events that a pattern lets through. Of a `deleted` record it is the last known state, of an
 * `erased` one the id alone: where the pattern includes these, only `id` is promised. `isEvent` narrows.
 */
export type EventDataOf<P extends EventPattern> = P extends '*' | `${string}.*` | `${string}.${'deleted' | 'erased'}`
  ? EventData<LastKnown<RecordOf<EntityOf<P>>>>
  : EventData<RecordOf<EntityOf<P>>>;

/** For each of several records by itself. */
type LastKnown<R> = R extends unknown ? Partial<R> & { id: string } : never;

/**
 * A canonical event: CloudEvents 1.0 in structured JSON mode.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
export interface MeshEvent<P extends EventPattern = EventType> {
  specversion: '1.0';
  /** `tenant/connection/entity/id@version`, tokens escaped; also the `Nats-Msg-Id`. */
  id: string;
  /** `/tenant/connection` */
  source: string;
  /** `crm.deal.won` */
  type: `crm.${string}`;
  /** `deal/4711` */
  subject: string;
  /** RFC 3339: when the CRM says that the change happened, else when we learned of it. */
  time: string;
  datacontenttype: 'application/json';
  dataschema: string;
  tenant: string;
  /** 1, 2, 3 … per record, without gaps. */
  recordversion: number;
  origin: Origin;
  /** The same for everything that one sign from outside set off. */
  correlationid: string;
  /** The message id of the notification that caused this event. */
  causationid: string;
  data: EventDataOf<P>;
}
