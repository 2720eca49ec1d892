import 'reflect-metadata';
import { validateConfig } from '@crm-mesh/config';
import { notificationMessageId, rawSubject, type Notification } from '@crm-mesh/contract';
import type { OutgoingMessage } from '@crm-mesh/jetstream';
import type { SourceContext, WebhookRequest } from '@crm-mesh/sdk';
import { NO_API, SHIPPED_SOURCES } from '@crm-mesh/sources';
import { CONNECTION, TENANT } from '../src/crm-messages.js';
import { WEBHOOK_KINDS, type WebhookKindName } from '../src/webhook-kinds.js';

/** What CRM_RAW is to hold of a webhook; undefined when it is not signed by who it should be. */
export type Receiver = (request: WebhookRequest) => OutgoingMessage[] | undefined;

const quiet = (): void => undefined;
const HEADERS = { 'content-type': 'application/json' };

/** `publicUrl` is the address that the sender was told. */
export async function createReceiver(kind: WebhookKindName, publicUrl: string): Promise<Receiver> {
  const { source: name, config } = WEBHOOK_KINDS[kind];
  const source = SHIPPED_SOURCES.get(name)!;
  const context: SourceContext = {
    tenant: TENANT,
    connection: CONNECTION,
    config: await validateConfig(source.config, config, 'config'),
    publicUrl,
    now: Date.now,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet } as SourceContext['log'],
    urgency: 'live',
    api: NO_API,
  };
  return (request) => {
    const verification = source.verify!(request, context);
    if (!verification.ok) return undefined;
    const receivedAt = new Date().toISOString();
    const drafts = source.split!(request, context);
    return drafts.map((draft) =>
      toMessage({
        ...draft,
        tenant: TENANT,
        connection: CONNECTION,
        origin: 'webhook',
        receivedAt,
        verifiedBy: verification.scheme,
      }),
    );
  };
}

function toMessage(notification: Notification): OutgoingMessage {
  const payload = Buffer.from(JSON.stringify(notification));
  return {
    subject: rawSubject(notification),
    payload,
    messageId: notificationMessageId(notification),
    headers: HEADERS,
  };
}
