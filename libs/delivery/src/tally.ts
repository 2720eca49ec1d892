import type { Metrics } from '@crm-mesh/telemetry';
import type { ConsumerStatus } from './consumer-status.js';
import type { SettledNotice } from './settled-notice.js';

const UNSETTLED: ReadonlySet<SettledNotice['result']> = new Set(['retried', 'parked', 'returned']);

/** Counts what became of messages: for status, metrics and whoever wants each notice. */
export class Tally {
  readonly counts = { acked: 0, skipped: 0, superseded: 0, retried: 0, buried: 0, dropped: 0 };
  lastError: ConsumerStatus['lastError'];
  private readonly perSecond = Array.from({ length: 60 }, () => 0);
  private second = 0;
  private readonly settled;
  private readonly seconds;

  constructor(
    private readonly options: {
      metrics: Metrics;
      now(): number;
      onSettled: ((notice: SettledNotice) => void) | undefined;
    },
  ) {
    this.settled = options.metrics.counter('mesh_delivery_settled_total', 'Messages by what became of them.', [
      'consumer',
      'result',
    ]);
    this.seconds = options.metrics.histogram('mesh_delivery_handler_seconds', 'How long handlers ran.', ['consumer']);
  }

  count(notice: SettledNotice): void {
    const { consumer, result, error } = notice;
    this.settled.inc({ consumer, result });
    if (notice.durationMs > 0) this.seconds.observe({ consumer }, notice.durationMs / 1_000);
    if (result === 'parked') this.counts.retried++;
    else if (result in this.counts) this.counts[result as keyof typeof this.counts]++;
    if (error) this.lastError = { at: new Date(this.options.now()).toISOString(), error };
    if (!UNSETTLED.has(result)) this.countSecond();
    this.options.onSettled?.(notice);
  }

  settledLastMinute(): number {
    this.forgetOldSeconds();
    return this.perSecond.reduce((sum, count) => sum + count, 0);
  }

  private countSecond(): void {
    this.forgetOldSeconds();
    const slot = this.second % 60;
    this.perSecond[slot] = (this.perSecond[slot] ?? 0) + 1;
  }

  private forgetOldSeconds(): void {
    const second = Math.floor(this.options.now() / 1_000);
    for (let old = Math.max(this.second + 1, second - 59); old <= second; old++) this.perSecond[old % 60] = 0;
    this.second = second;
  }
}
