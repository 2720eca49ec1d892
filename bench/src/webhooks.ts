import { createHmac } from 'node:crypto';
import { CONNECTION, makeDeal, TENANT, timeOfChange } from './crm-messages.js';

/** A signed request, as a sender of Standard Webhooks makes it. */
export interface SignedWebhook {
  id: string;
  body: string;
  headers: Record<string, string>;
}

/** What both the sender and the receivers know; it protects nothing. */
const KEY = Buffer.from('a key of the benchmark, no secret');
export const WEBHOOK_SECRET = `whsec_${KEY.toString('base64')}`;
export const WEBHOOK_PATH = `/webhooks/${TENANT}/${CONNECTION}`;

/** One fat webhook about a record of its own. */
export function signWebhook(id: string, custom?: Record<string, unknown>): SignedWebhook {
  return signChange(id, id, 1, custom);
}

export function signChange(
  id: string,
  recordId: string,
  version: number,
  custom?: Record<string, unknown>,
): SignedWebhook {
  const data = makeDeal(recordId, version, custom);
  const body = JSON.stringify({ type: 'deal.updated', timestamp: timeOfChange(version), data });
  const seconds = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac('sha256', KEY).update(`${id}.${seconds}.${body}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': seconds,
    'webhook-signature': `v1,${signature}`,
  };
  return { id, body, headers };
}
