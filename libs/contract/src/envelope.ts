import type { EntityOf, EventPattern, EventType } from './event-types.js';
import type { Origin } from './origin.js';
import type { RecordOf } from './records/index.js';

/** What became of one field; a side is absent where the field was. */
export interface FieldChange {
  /** The value before, in the canonical model; absent where the field was. */
  from?: unknown;
  /** The value after; absent where the field was cleared. */
  to?: unknown;
}

/** The canonical record after the change, with `changes` telling what is new in it. */
export type EventData<R> = R & {
  /** By field, custom ones as `custom.<name>`; empty when nothing but the action is new. */
  changes: Record<string, FieldChange>;
  /** Ids of the records that this one has swallowed: with `merged`, and where it is first seen after that. */
  mergedIds?: string[];
  /** For `deleted`: the record that has swallowed this one. Its customer is not gone, but known under that id. */
  mergedInto?: string;
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
  /** The version of CloudEvents. */
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
  /** `data` is JSON. */
  datacontenttype: 'application/json';
  /**
   * The `$id` of the JSON Schema of `data` (files in libs/contract/schema); its last part is raised with every change that
   * a reader of the old version could not live with.
   */
  dataschema: string;
  /** The tenant of mesh.yaml whose CRM account it is, as it is written there (in `source` it is escaped). */
  tenant: string;
  /** 1, 2, 3 … per record, without gaps. */
  recordversion: number;
  /** Why the event is told: a webhook, a poll, a first load, a repair, or a write of our own coming back. */
  origin: Origin;
  /** The same for everything that one sign from outside set off. */
  correlationid: string;
  /** The message id of the notification that caused this event. */
  causationid: string;
  /** The record after the change, typed by the pattern; see {@link EventDataOf}. */
  data: EventDataOf<P>;
}
