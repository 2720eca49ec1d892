/** Ready-made delivery under the name that teams know; `delivery: 'queue'`. What stands beside it overrides it. */
export type DeliveryPreset = 'webhook' | 'queue' | 'stream';

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
  /** `record`: the events of one record one after the other. `none`: no order at all. Default `record`. */
  order?: 'record' | 'none';
  /** `inbox`: the host remembers what is done, so that a redelivery does not run again. Default: `inbox` when ordered, else `none`. */
  idempotency?: 'inbox' | 'none';
}
