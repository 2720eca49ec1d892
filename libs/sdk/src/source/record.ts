import type { AnyRecord, Change } from '@crm-mesh/contract';

/** One sign of one record's change, as a source reads it out of a request, a page or a stream. */
export interface NotificationDraft {
  /** A canonical entity, or `custom-…`. */
  entity: string;
  /** The CRM's own id of the record, as text. */
  id: string;
  /** What the CRM says happened. */
  change: Change;
  /** The same whenever the CRM says the same thing again: `dedupeKey` of the notification. */
  dedupeKey: string;
  /** ISO 8601. */
  modifiedAt?: string;
  /** For `merged`: ids of the records that this one has swallowed. */
  mergedIds?: string[];
  /** The CRM's own item, untouched; it must fit into JSON. */
  payload: unknown;
  /** The CRM's own object as `fetch` gives it, where the sign carries it (a row of a page): then it is not fetched once more. */
  fetched?: unknown;
}

/** A field of the canonical record for which the CRM gives something that cannot be read. */
export interface UnreadField {
  /** `amount`, or a part of the address: `address.country`. */
  field: string;
  /** For people: what is wrong, and what mends it. Never the value. */
  why: string;
}

/** The state of one record, in the canonical model. */
export type MappedRecord =
  | {
      state: 'present';
      record: AnyRecord;
      modifiedAt?: string;
      /** The record holds only what changed: it is merged over the last known state (`applyPatch` of the sources). */
      patch?: true;
      /** With `patch`: fields that were emptied; fields of `custom` as `custom.<name>`. */
      cleared?: readonly string[];
      /**
       * Fields that are not in `record` as they could not be read. The record is told without them, and says so in `unread`;
       * what was known of them stays. Whatever else breaks the model of an entity that can do without it joins them.
       */
      unread?: readonly UnreadField[];
    }
  | {
      state: 'deleted';
      modifiedAt?: string;
      /** The record that has swallowed it, where the CRM says so. */
      mergedInto?: string;
    }
  | { state: 'erased'; modifiedAt?: string };

/** The CRM's own objects by id; an id that is absent does not exist there (any more). An Error: it could not be read. */
export type FetchedRecords = ReadonlyMap<string, unknown>;
