/** Waits between attempts: `initialMs × factor^n`, at most `maxMs`, ± 20 % jitter. */
export interface Backoff {
  initialMs: number;
  maxMs: number;
  factor: number;
}

/** A batch runs when it is full, or when its oldest event has waited so long. */
export interface BatchBounds {
  size: number;
  waitMs: number;
}

/** `explicit`: each event by itself. `all`: in batches, each settled by one ack. `none`: at most once. */
export type AckPolicy = 'explicit' | 'all' | 'none';

/** Runs that may begin. */
export interface RateLimit {
  perSecond: number;
  /** So many may begin at once after a quiet time; default: a tenth of `perSecond`, at least 1. */
  burst?: number | undefined;
}

/** Limits for each key by itself. */
export interface EachLimit {
  /** Where the key stands in an event; whoever knows events reads it. */
  by: string;
  concurrency?: number | undefined;
  rateLimit?: RateLimit | undefined;
}

/** `snapshot`: each record as it is now, then what comes. */
export type StartFrom = 'new' | 'all' | 'snapshot' | { sequence: number } | { time: string };

/** How a consumer's events are delivered, every default filled in. */
export interface DeliveryPolicy {
  ack: AckPolicy;
  /** Lanes that run at once; with `batch`: batches. */
  concurrency: number;
  /** What waits in many lanes runs together. */
  batch?: BatchBounds;
  timeoutMs: number;
  maxAttempts: number;
  backoff: Backoff;
  maxAckPending: number;
  /** Short, because the barrier after a crash waits for it; extended while work goes on. */
  ackWaitMs: number;
  startFrom: StartFrom;
  /** `strict`: a lane whose event was buried waits until its dead letter is resolved. */
  order: 'record' | 'strict' | 'none';
  idempotency: 'inbox' | 'none';
  /** So many durables share its lanes; each may run in another process. */
  partitions: number;
  /** How long deliveries of one lane are gathered before they run together. 0: each alone. */
  coalesceMs: number;
  /** Once so many events wait in a lane, an update is passed over for a newer one. 0: never. */
  coalesceAfterEvents: number;
  /** A wait longer than this parks the lane in the store instead of holding its deliveries. */
  parkAfterMs: number;
  /** Default: no limit. */
  rateLimit?: RateLimit | undefined;
  /** Default: no limits but those of the whole. */
  each?: EachLimit | undefined;
  /** What is told for these reasons is settled without running; whoever knows events reads them. Default: none. */
  skipOrigins?: readonly string[] | undefined;
}

export const DEFAULT_BATCH: BatchBounds = { size: 100, waitMs: 1_000 };

export const DEFAULT_POLICY: DeliveryPolicy = {
  ack: 'explicit',
  concurrency: 10,
  timeoutMs: 30_000,
  maxAttempts: 5,
  backoff: { initialMs: 1_000, maxMs: 600_000, factor: 2 },
  maxAckPending: 1_000,
  ackWaitMs: 5_000,
  startFrom: 'new',
  order: 'record',
  idempotency: 'inbox',
  partitions: 1,
  coalesceMs: 0,
  coalesceAfterEvents: 0,
  parkAfterMs: 15_000,
};

/** While some lanes run together, as many gather for the next batch. */
export function countLanesAtOnce({ concurrency, batch }: Pick<DeliveryPolicy, 'concurrency' | 'batch'>): number {
  return batch ? batch.size * (concurrency + 1) : concurrency;
}
