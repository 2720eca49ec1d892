import type { Notification } from '@crm-mesh/contract';
import type { Metrics } from '@crm-mesh/telemetry';
import type { Connection, Connections } from '../connections/connections.js';
import { MissedWebhooks } from '../polling/missed-webhooks.js';
import type { DropReason, Publication } from './decision.js';

/** What the normaliser has done since it started. */
export class NormaliserCounts {
  normalised = 0;
  published = 0;
  echoes = 0;
  readonly dropped: Record<DropReason, number> = { same: 0, stale: 0, 'unknown-deleted': 0, merged: 0 };
  /** Decisions that were made again: another had told the version, or too much time had passed. */
  again = 0;
  /** How webhooks and polls agree. */
  readonly webhooks: MissedWebhooks;
  readonly #normalised;
  readonly #published;
  readonly #dropped;
  readonly #again;

  constructor(metrics: Metrics, { connections, now }: { connections: Connections; now(): number }) {
    const missed = metrics.counter(
      'mesh_webhooks_missed_total',
      'Changes that a poll or a reconciliation has found, and of which no webhook told in time',
      ['tenant', 'connection'],
    );
    const onMissed = ({ tenant, name }: Connection): void => missed.inc({ tenant, connection: name });
    this.webhooks = new MissedWebhooks({ connections, now, onMissed });
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

  countNormalised(notifications: readonly Notification[]): void {
    this.normalised += notifications.length;
    this.#normalised.inc(notifications.length);
    this.webhooks.noteSigns(notifications);
  }

  countPublished(notification: Notification, { action, origin }: Publication): void {
    const { entity } = notification;
    this.webhooks.noteEvent(notification);
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
