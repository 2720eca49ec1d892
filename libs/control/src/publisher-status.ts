import type { ConsumerStatus } from '@crm-mesh/delivery';

/** `mesh.ctl.publisher.status` */
export interface PublisherStatus {
  app: 'publisher';
  version: string;
  uptimeMs: number;
  url: string;
  connections: ({ tenant: string; name: string; source: string } & ConnectionCounts)[];
  consumers: ConsumerStatus[];
  normaliser: {
    leading: boolean;
    normalised: number;
    published: number;
    dropped: Record<string, number>;
    echoes: number;
    again: number;
  };
  ledger: { position: number; records: number };
  /** Answered 2xx, and not yet in CRM_RAW. */
  outbox: OutboxFill;
}

/** Since the publisher started. */
export interface ConnectionCounts {
  /** Notifications that were answered 2xx. */
  received: number;
  /** Requests. */
  refused: number;
  /** Notifications that were stored before. */
  duplicates: number;
  lastReceivedAt?: string;
  /** By whatever way. */
  lastNotificationAt?: string;
  /** Told on the strength of webhooks and polls, where a connection has both. */
  events: number;
  /** Of these, found by a poll or a reconciliation while no webhook came. */
  missed: number;
}

export interface OutboxFill {
  messages: number;
  bytes: number;
}
