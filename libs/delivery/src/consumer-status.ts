import type { Breaker } from './breaker.js';
import type { ErrorInfo } from './outcome.js';

/** How a consumer is doing. */
export interface ConsumerStatus {
  name: string;
  state: 'waiting-for-pending' | 'running' | 'paused' | 'stopping' | 'stopped';
  /** Not delivered yet; from the server, at most some seconds old. */
  pending: number;
  /** In hand: delivered, not settled. */
  held: number;
  parkedLanes: number;
  parkedMessages: number;
  breaker: Breaker['state'];
  acked: number;
  skipped: number;
  retried: number;
  buried: number;
  /** Settled in the last 60 s. */
  settledLastMinute: number;
  lastError?: { at: string; error: ErrorInfo };
}
