/** One record as it is, in the form of an event. */
export interface SnapshotEvent {
  /** The event's own, by which the record's versions are told apart. */
  id: string;
  subject: string;
  payload: string;
}

export interface SnapshotPage {
  events: SnapshotEvent[];
  /** Behind which record the next page begins; absent: there is none. */
  after?: string;
}

/** Tells the records that a consumer wants, in a fixed order, as they were told up to a sequence of its stream. */
export type ReadSnapshot = (request: { upTo: number; after: string }) => Promise<SnapshotPage>;
