import type { Metrics } from '@crm-mesh/telemetry';
import type { DropReason, Publication } from './decision.js';

/** What the normaliser has done since it started. */
export class NormaliserCounts {
  normalised = 0;
  published = 0;
  echoes = 0;
  readonly dropped: Record<DropReason, number> = { same: 0, stale: 0, 'unknown-deleted': 0 };
  /** Decisions that were made again: another had told the version, or too much time had passed. */
  again = 0;
  readonly #normalised;
  readonly #published;
  readonly #dropped;
  readonly #again;

  constructor(metrics: Metrics) {
    this.#normalised = metrics.counter(
      'mesh_notifications_normalised_total',
      'Notifications that the normaliser has dealt with',
    );
    this.#published = metrics.counter('mesh_events_published_total', 'Canonical events', [
      'entity',
      'action',
      'origin',
    ]);
    this.#dropped = metrics.counter('mesh_notifications_dropped_total', 'Notifications that made no event', ['reason']);
    this.#again = metrics.counter('mesh_decisions_again_total', 'Decisions that had to be made again');
  }

  countNormalised(notifications: number): void {
    this.normalised += notifications;
    this.#normalised.inc(notifications);
  }

  countPublished(entity: string, { action, origin }: Publication): void {
    this.published += 1;
    if (origin === 'echo') this.echoes += 1;
    this.#published.inc({ entity, action, origin });
  }

  countDropped(reason: DropReason): void {
    this.dropped[reason] += 1;
    this.#dropped.inc({ reason });
  }

  countAgain(): void {
    this.again += 1;
    this.#again.inc();
  }
}
