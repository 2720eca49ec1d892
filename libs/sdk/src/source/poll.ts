import type { NotificationDraft } from './record.js';
import type { SourceContext } from './context.js';

/** A part of time, and how far into it we are. */
export interface PollRequest {
  /** One of those that can be polled. */
  entity: string;
  /** Epoch milliseconds, both included. The window is frozen: all its pages are asked with the same edges. */
  fromMs: number;
  /** The end; see `fromMs`. */
  toMs: number;
  /** What the page before gave; absent for the first. */
  cursor?: string;
}

/** Some of what changed in the window. */
export interface PollPage {
  /** What changed; the same may come again with another page or window. */
  drafts: readonly NotificationDraft[];
  /** Where the next page begins; absent: the window is done. It is kept in the store, so it may be used after a restart. */
  cursor?: string;
  /** Where the CRM covers less than was asked (Salesforce's `latestDateCovered`): the next window begins there. */
  coveredToMs?: number;
}

/** Asks a CRM what changed. Everything that changed in a window must be in one of its pages, by whatever key they go. */
export interface SourcePoll<C = unknown> {
  /** Which can be polled. */
  entities(config: C): readonly string[];
  /** How far a window's end stays behind now, for a CRM whose index is late, in milliseconds. Default 0. */
  lagMs?: number;
  /** How far a window begins before the end of the last one, in milliseconds. Default 60,000. */
  overlapMs?: number;
  /** The longest window that the CRM answers, in milliseconds. Default: any. */
  longestWindowMs?: number;
  /** How far back the CRM still knows of deletions, in milliseconds: a poller that was away for longer says so. Default: for ever. */
  retentionMs?: number;
  /** One page. Throws as `fetch` does. */
  page(request: PollRequest, context: SourceContext<C>): Promise<PollPage>;
}

/** Asks for what there is, whenever it changed. */
export interface ScanRequest {
  /** One of those that can be scanned. */
  entity: string;
  /** What the page before gave; absent for the first. */
  cursor?: string;
  /** `versions`: id and `modifiedAt` are enough, to compare. `records`: each draft has what `map` needs. */
  fields: 'versions' | 'records';
}

/** Some of what there is. */
export interface ScanPage {
  /** The next records. */
  drafts: readonly NotificationDraft[];
  /** Where the next page begins; absent: that was all. It may be used after a restart. */
  cursor?: string;
  /** How many records there are in all, where the CRM says it. */
  total?: number;
}

/** Goes through all records of an entity, in an order that does not change while they do: for backfill and reconciliation. */
export interface SourceScan<C = unknown> {
  /** Which can be scanned. */
  entities(config: C): readonly string[];
  /** One page. Throws as `fetch` does. */
  page(request: ScanRequest, context: SourceContext<C>): Promise<ScanPage>;
  /**
   * Where the CRM still knows what has become of a record that `fetch` no longer finds: by the id of each that was merged, the
   * record that has swallowed it. Asked for as many ids as `fetch`. Throws as `fetch` does.
   */
  findWinners?(entity: string, ids: readonly string[], context: SourceContext<C>): Promise<ReadonlyMap<string, string>>;
}

/** A stream that the CRM pushes (Salesforce's Pub/Sub API). */
export interface SubscribeRequest {
  /** What was taken last, by an earlier process too; absent: from now on. */
  cursor?: string;
  /** Resolves when they are stored and the cursor with them: only then may the source ask for more. */
  take(drafts: readonly NotificationDraft[], cursor: string): Promise<void>;
  /** The cursor is too old, or of another database: changes were lost, and a poll has to find them. */
  lost(why: string): void;
  /** Aborts when it is to end. */
  signal: AbortSignal;
}
