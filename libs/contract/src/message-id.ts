import { hash } from 'node:crypto';
import type { Notification } from './notification.js';

/**
 * The `Nats-Msg-Id` of a notification: the same for the same statement of a CRM, 43 characters. Tenant and connection
 * are in it, as the server compares ids across the whole stream and CRMs repeat theirs across accounts.
 */
export function notificationMessageId(notification: Pick<Notification, 'tenant' | 'connection' | 'dedupeKey'>): string {
  const { tenant, connection, dedupeKey } = notification;
  return hash('sha256', JSON.stringify([tenant, connection, dedupeKey]), 'base64url');
}
