/** A wish to change a record in a CRM. */
export interface WriteRequest {
  /** A canonical entity, or `custom-…`. */
  entity: string;
  /** What is to be done. */
  verb: 'create' | 'update' | 'delete';
  /** The CRM's own id; absent with `create`. */
  id?: string;
  /** Canonical fields to set; a field that is `null` is emptied. Absent with `delete`. */
  record?: Readonly<Record<string, unknown>>;
  /** The same however often this wish is tried: where the CRM takes such a key, it is given to it. */
  idempotencyKey: string;
}

/** What became of it. */
export interface WriteResult {
  /** The record's id: of a new one the CRM's. */
  id: string;
  /** ISO 8601: when the CRM says that it was changed. */
  modifiedAt?: string;
}
