import type { MeshErrorCode } from '@crm-mesh/contract';
import type { Metrics } from '@crm-mesh/telemetry';
import { noteNotifications, type Connection } from '../connections/connections.js';
import type { Received } from './receive-webhook.js';

export class WebhookCounts {
  readonly #received;
  readonly #stored;
  readonly #duplicates;
  readonly #outboxed;
  readonly #refused;

  constructor(metrics: Metrics) {
    const labels = ['tenant', 'connection'] as const;
    this.#received = metrics.counter(
      'mesh_notifications_received_total',
      'Notifications that were answered 2xx',
      labels,
    );
    this.#stored = metrics.counter('mesh_notifications_stored_total', 'Notifications new in CRM_RAW', labels);
    this.#duplicates = metrics.counter(
      'mesh_notifications_duplicate_total',
      'Notifications that CRM_RAW had already',
      labels,
    );
    this.#outboxed = metrics.counter(
      'mesh_notifications_outboxed_total',
      'Notifications that were answered 2xx out of the outbox, because JetStream did not take them',
      labels,
    );
    this.#refused = metrics.counter('mesh_webhooks_refused_total', 'Requests that were refused', [...labels, 'code']);
  }

  countReceived(connection: Connection, { notifications, duplicates, outboxed }: Received, now: number): void {
    const labels = { tenant: connection.tenant, connection: connection.name };
    connection.counts.received += notifications;
    connection.counts.duplicates += duplicates;
    connection.counts.lastReceivedAt = new Date(now).toISOString();
    noteNotifications(connection, notifications, now);
    this.#received.inc(labels, notifications);
    this.#stored.inc(labels, notifications - duplicates - outboxed);
    this.#outboxed.inc(labels, outboxed);
    this.#duplicates.inc(labels, duplicates);
  }

  countRefused(connection: Connection, code: MeshErrorCode): void {
    connection.counts.refused += 1;
    this.#refused.inc({ tenant: connection.tenant, connection: connection.name, code });
  }
}
