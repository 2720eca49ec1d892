import type { ErrorInfo } from './outcome.js';

/** What became of one message, told once per run. */
export interface SettledNotice {
  consumer: string;
  subject: string;
  sequence: number;
  attempt: number;
  /**
   * `skipped`: the inbox had it already. `superseded`: passed over for a newer update of the
   * record (`coalesce`). `sifted`: not wanted by the consumer. `returned`: to the server, at a stop.
   * `dropped`: failed, or the stop came first, where each message is given at most once.
   */
  result: 'acked' | 'skipped' | 'superseded' | 'sifted' | 'retried' | 'parked' | 'buried' | 'returned' | 'dropped';
  durationMs: number;
  /** For `retried` and `parked`. */
  nextAttemptInMs?: number;
  error?: ErrorInfo;
}
