import { escapeToken } from '../tokens.js';

/**
 * Where a record stands among those of its entity: its id as it is in a subject's last token. It is ASCII, and keys are
 * compared byte by byte: as JavaScript compares strings, as SQLite does, and PostgreSQL under `COLLATE "C"`.
 */
export type RecordPlace = string;

/** Records of one entity, by their places. */
export interface PlaceRange {
  /** The first place, included; `''`: from the first. */
  from: RecordPlace;
  /** The end, not included; absent: to the last. */
  to?: RecordPlace;
}

/** Some records of an entity of one connection. */
export interface EntityScope {
  /** As in the events. */
  tenant: string;
  /** Its name. */
  connection: string;
  /** `contact` */
  entity: string;
}

/** What a consumer says that it holds. */
export interface HoldingsQuestion {
  /** What is asked for. */
  ask: 'holdings';
}

/** The digests of some ranges. */
export interface DigestsQuestion extends EntityScope {
  /** What is asked for. */
  ask: 'digests';
  /** At most 1,000, in order. */
  ranges: readonly PlaceRange[];
}

/** The records of a range, in the order of their places. */
export interface PageQuestion extends EntityScope, PlaceRange {
  /** What is asked for. */
  ask: 'page';
  /** At most so many records; the consumer may give fewer. */
  limit: number;
}

/** What reconciliation asks a consumer, as JSON in a NATS request to {@link reconcileSubject}. */
export type ReconcileQuestion = HoldingsQuestion | DigestsQuestion | PageQuestion;

/** Answers {@link HoldingsQuestion}. */
export interface HoldingsAnswer {
  /** Of which it holds records. */
  entities: readonly string[];
  /**
   * What stands behind a record in a page. `version`: the record version that was applied last. `fields`: a hash of the
   * fields that `fields` names, by {@link markFields}, taken from what lies downstream now: so edits are found.
   */
  marks: 'version' | 'fields';
  /** By entity: which fields; where `marks` is `fields`. */
  fields?: Readonly<Record<string, readonly string[]>>;
  /** Which events it listens to: `contact.*`. Absent: as its durable says. */
  events?: readonly string[];
  /** Whether it answers {@link DigestsQuestion}. */
  digests: boolean;
}

/** Number and digest of the records of one range. */
export interface RangeDigest {
  /** How many. */
  records: number;
  /** Sum of `digestMark` over them, in decimal. */
  digest: string;
}

/** Answers {@link DigestsQuestion}, range by range. */
export interface DigestsAnswer {
  /** One for each range that was asked for. */
  digests: readonly RangeDigest[];
}

/** Answers {@link PageQuestion}. */
export interface PageAnswer {
  /** A line a record, `<place>\t<mark>`, joined by line feeds; empty: none. A record that lies there twice is there twice. */
  packed: string;
  /** The last place of this page; absent: the range has no more. */
  after?: RecordPlace;
}

/** What answers a question. */
export type ReconcileAnswer<Q extends ReconcileQuestion = ReconcileQuestion> = Q extends HoldingsQuestion
  ? HoldingsAnswer
  : Q extends DigestsQuestion
    ? DigestsAnswer
    : PageAnswer;

/** Instead of any answer. */
export interface ReconcileFailure {
  /** What is wrong, and how to mend it. */
  error: { code: string; message: string; cure?: string };
}

/** A mark behind a version that says: somebody else has written there since it was applied. */
export const EDITED_SUFFIX = '!';

/** Where a consumer is asked: `mesh.reconcile.<consumer>`. */
export function reconcileSubject(consumer: string): string {
  return `mesh.reconcile.${escapeToken(consumer)}`;
}

/** The first place that can come behind this one: no token has a character below `%`, and `!` is one. */
export function placeBehind(place: RecordPlace): RecordPlace {
  return `${place}!`;
}
