/** Origins of events that a plugin can do without. */
export const SKIPPABLE_ORIGINS = ['webhook', 'poll', 'backfill', 'repair', 'echo'] as const;
/** One of {@link SKIPPABLE_ORIGINS}. */
export type SkippableOrigin = (typeof SKIPPABLE_ORIGINS)[number];

/** Ready-made delivery under the name that teams know; `delivery: 'queue'`. What stands beside it overrides it. */
export type DeliveryPreset = 'webhook' | 'queue' | 'stream';

/** How often runs of the handler may begin. */
export interface RateLimit {
  /** So many each second, on average; 0.2 is one in five seconds. */
  perSecond: number;
  /** So many at once after a quiet time. Default: a tenth of `perSecond`, at least 1. */
  burst?: number;
}

/** Limits that hold for each tenant, connection, … by itself, beside those of the whole plugin. */
export interface EachLimit {
  /**
   * Of what: `tenant`, `connection` (of a tenant), `entity`, or a field of the event such as `data.ownerId`; events without
   * the field share one limit. A name and no function, so that it can stand in mesh.yaml and be read without the plugin's code.
   */
  by: 'tenant' | 'connection' | 'entity' | `data.${string}`;
  /** How many handlers may run at once for one of them. Default: as many as for the whole plugin. */
  concurrency?: number;
  /** How often they may begin for one of them. Default: no limit. */
  rateLimit?: RateLimit;
}

/** How a plugin's events are delivered. Everything has a default that suits most. */
export interface DeliveryOptions {
  /**
   * Where the defaults come from. `webhook`: at most three tries, no order. `queue`: in order, retried, run once; the same
   * as no preset. `stream`: in batches with one ack, from the first event on; needs `handleBatch`.
   */
  preset?: DeliveryPreset;
  /**
   * `explicit`: each event is settled by itself. `all`: in batches, each settled by one ack; needs `handleBatch`. `none`: at
   * most once: no retry, no dead letter, no inbox; what fails is counted and logged. Fixed when the durable is made.
   * Default `explicit`.
   */
  ack?: 'explicit' | 'all' | 'none';
  /**
   * For `handleBatch`: a batch runs when it has `size` events (at most `maxAckPending`), or when its oldest has waited
   * `waitMs`. Default 100, 1,000.
   */
  batch?: { size?: number; waitMs?: number };
  /** How many handlers may run at once, over different records. Default 10; of batches 1. */
  concurrency?: number;
  /** How long one run of the handler may take, in milliseconds, before its signal aborts and it counts as failed. Default 30,000. */
  timeoutMs?: number;
  /** How many runs an event gets before it is buried. Default 5. */
  maxAttempts?: number;
  /** The wait before attempt 2, 3 …: `initialMs × factor^n`, at most `maxMs`, ± 20 % jitter. Default 1,000 × 2, 10 minutes. */
  backoff?: { initialMs?: number; maxMs?: number; factor?: number };
  /** How many events the host may hold for this plugin at once. Default 1,000. */
  maxAckPending?: number;
  /**
   * Where a plugin that is new begins. Default `new`: with what comes from now on. `snapshot`: each record as it is now, then
   * what comes.
   */
  startFrom?: 'new' | 'all' | 'snapshot' | { sequence: number } | { time: string };
  /**
   * `record`: the events of one record (or `key`) one after the other. `strict`: and after a dead letter no more of them
   * until that is redriven or dropped; not with `handleBatch`. `none`: no order at all. Default `record`.
   */
  order?: 'record' | 'strict' | 'none';
  /**
   * Splits the records of an ordered plugin over so many durables, so that several hosts can share them; each record stays
   * in one. Needs the inbox. Default 1.
   */
  partitions?: number;
  /**
   * Where a record has fallen behind, only the newest of several `updated` events in a row runs; the others are settled as
   * `superseded`. `afterEvents`: not before so many events wait. `true` is `{ afterEvents: 2 }`. Default: each runs.
   */
  coalesce?: boolean | { afterEvents: number };
  /** `inbox`: the host remembers what is done, so that a redelivery does not run again. Default: `inbox` when ordered, else `none`; `strict` always has it. */
  idempotency?: 'inbox' | 'none';
  /** `worker`: in a thread of its own, which it can end without hurting other plugins. `inline`: in the host's. Default `worker`. */
  isolation?: 'worker' | 'inline';
  /** How much heap the worker may use, in MB, before it is ended and started again. Default 256. */
  heapMb?: number;
  /** How often handlers may begin, over all records. A wait for it spends no attempt. Default: no limit. */
  rateLimit?: RateLimit;
  /** Limits for each tenant, connection, … by itself; while one waits, the others go on. Default: none. */
  each?: EachLimit;
  /**
   * Events told for these reasons are settled without running, and count as skipped: `['backfill']` spares a plugin that
   * only wants news what loading a whole CRM tells. Not with `coalesce`. Default: none.
   */
  skipOrigins?: readonly SkippableOrigin[];
}
