import 'reflect-metadata';
import { notificationMessageId, rawSubject, type Notification } from '@crm-mesh/contract';
import type { OutgoingMessage } from '@crm-mesh/jetstream';
import type { SourceContext, WebhookRequest } from '@crm-mesh/sdk';
import { NO_API, standardWebhooksSource, StandardWebhooksConfig } from '@crm-mesh/sources';
import { plainToInstance } from 'class-transformer';
import { CONNECTION, TENANT } from '../src/crm-messages.js';
import { WEBHOOK_PATH, WEBHOOK_SECRET } from '../src/webhooks.js';

const quiet = (): void => undefined;
const context: SourceContext<StandardWebhooksConfig> = {
  tenant: TENANT,
  connection: CONNECTION,
  config: plainToInstance(StandardWebhooksConfig, { secrets: [WEBHOOK_SECRET] }),
  publicUrl: WEBHOOK_PATH,
  now: Date.now,
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet } as SourceContext['log'],
  urgency: 'live',
  api: NO_API,
};
const HEADERS = { 'content-type': 'application/json' };

/** What CRM_RAW is to hold of a webhook; undefined when it is not signed by who it should be. */
export function receiveByHand(request: WebhookRequest): OutgoingMessage[] | undefined {
  const verification = standardWebhooksSource.verify!(request, context);
  if (!verification.ok) return undefined;
  const receivedAt = new Date().toISOString();
  return standardWebhooksSource.split!(request, context).map((draft) => {
    const notification: Notification = {
      ...draft,
      tenant: TENANT,
      connection: CONNECTION,
      origin: 'webhook',
      receivedAt,
      verifiedBy: verification.scheme,
    };
    const payload = Buffer.from(JSON.stringify(notification));
    return {
      subject: rawSubject(notification),
      payload,
      messageId: notificationMessageId(notification),
      headers: HEADERS,
    };
  });
}
