import type { Breaker } from './breaker.js';
import type { ErrorInfo } from './outcome.js';

/** How a consumer is doing. */
export interface ConsumerStatus {
  name: string;
  /**
   * `quarantined`: what was in hand at an unclean end, of the process or of the plugin's worker, runs apart first.
   * `snapshot`: records as they are, before what comes.
   */
  state: 'waiting-for-pending' | 'quarantined' | 'snapshot' | 'running' | 'paused' | 'stopping' | 'stopped';
  /** Not delivered yet; from the server, at most some seconds old. */
  pending: number;
  /** In hand: delivered, not settled. */
  held: number;
  parkedLanes: number;
  parkedMessages: number;
  /** Of these lanes, those that wait until a dead letter is resolved (`order: 'strict'`). */
  heldLanes: number;
  breaker: Breaker['state'];
  acked: number;
  skipped: number;
  superseded: number;
  retried: number;
  buried: number;
  /** Of a consumer that gets each event at most once: it failed, or the stop came first. */
  dropped: number;
  /** Messages that left the stream before this consumer was given them; at most so many, wanted or not. */
  missed: number;
  /** Settled in the last 60 s. */
  settledLastMinute: number;
  lastError?: { at: string; error: ErrorInfo };
}
