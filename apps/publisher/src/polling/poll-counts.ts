import type { Metrics } from '@crm-mesh/telemetry';
import { noteNotifications, type Connection } from '../connections/connections.js';
import type { CursorKey } from './cursors.js';
import type { Published } from './draft-publisher.js';

/** What was read from CRMs, beside webhooks. */
export class PollCounts {
  readonly #pages;
  readonly #stored;
  readonly #refused;
  readonly #lost;

  constructor(
    metrics: Metrics,
    private readonly now: () => number,
  ) {
    const labels = ['tenant', 'connection', 'work', 'entity'] as const;
    this.#pages = metrics.counter('mesh_source_pages_total', 'Pages that were read from CRMs', labels);
    this.#stored = metrics.counter(
      'mesh_source_notifications_total',
      'Notifications of such pages, new in CRM_RAW',
      labels,
    );
    this.#refused = metrics.counter(
      'mesh_source_refused_total',
      'Records of such pages that can never be stored',
      labels,
    );
    this.#lost = metrics.counter('mesh_source_lost_total', 'Times that a CRM lost our place in its stream', [
      'tenant',
      'connection',
    ]);
  }

  /** A page, or what a stream gave at once. */
  countPage(connection: Connection, { work, entity }: CursorKey, { stored, duplicates, refused }: Published): void {
    const labels = { tenant: connection.tenant, connection: connection.name, work, entity };
    this.#pages.inc(labels);
    this.#stored.inc(labels, stored);
    this.#refused.inc(labels, refused);
    noteNotifications(connection, stored + duplicates, this.now());
  }

  countLost({ tenant, name }: Connection): void {
    this.#lost.inc({ tenant, connection: name });
  }
}
