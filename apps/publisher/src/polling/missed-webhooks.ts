import { formatRecordKey, type Notification } from '@crm-mesh/contract';
import type { Connection, Connections } from '../connections/connections.js';

/** Found by a poll, and not told by a webhook yet. */
interface Awaited {
  connection: Connection;
  dueMs: number;
}

/** More are not waited for: the oldest then count for nothing. */
const MOST_AWAITED = 10_000;
const SWEEP_MS = 1_000;

/**
 * How often a connection's webhooks fail to come: a change that a poll has found, and of which no webhook has told when
 * its grace time is over. What happened before this process began says nothing: the webhook may have met a closed door.
 */
export class MissedWebhooks {
  readonly #awaited = new Map<string, Awaited>();
  readonly #startedMs: number;
  #sweptMs = 0;

  constructor(
    private readonly options: { connections: Connections; now(): number; onMissed(connection: Connection): void },
  ) {
    this.#startedMs = options.now();
  }

  /** What has been dealt with, whether it made an event or not. Any webhook of a record counts for it. */
  noteSigns(notifications: readonly Notification[]): void {
    if (this.#awaited.size === 0) return;
    for (const notification of notifications)
      if (notification.origin === 'webhook') this.#awaited.delete(formatRecordKey(notification));
    if (this.options.now() - this.#sweptMs >= SWEEP_MS) this.sweep();
  }

  /** One that made an event. */
  noteEvent(notification: Notification): void {
    const { origin, tenant, connection: name } = notification;
    const connection = this.options.connections.find(tenant, name);
    if (connection?.webhookGraceMs === undefined || (origin !== 'webhook' && origin !== 'poll')) return;
    connection.counts.events += 1;
    const changedMs = Date.parse(notification.modifiedAt ?? '');
    // Also where the time is not known.
    if (origin !== 'poll' || !(changedMs >= this.#startedMs)) return;
    this.#await(formatRecordKey(notification), { connection, dueMs: changedMs + connection.webhookGraceMs });
  }

  /** So many changes were found by comparing the connection's CRM with the mesh, and no webhook told of them. */
  noteFound(connection: Connection, changes: number): void {
    if (connection.webhookGraceMs === undefined) return;
    connection.counts.events += changes;
    connection.counts.missed += changes;
    for (let each = 0; each < changes; each += 1) this.options.onMissed(connection);
  }

  #await(key: string, awaited: Awaited): void {
    this.#awaited.set(key, awaited);
    const [oldest] = this.#awaited.keys();
    if (this.#awaited.size > MOST_AWAITED && oldest !== undefined) this.#awaited.delete(oldest);
  }

  /** Counts those whose time is over. */
  sweep(): void {
    const nowMs = (this.#sweptMs = this.options.now());
    for (const [key, { connection, dueMs }] of this.#awaited) {
      if (dueMs > nowMs) continue;
      this.#awaited.delete(key);
      connection.counts.missed += 1;
      this.options.onMissed(connection);
    }
  }
}
