import { MeshError } from '@crm-mesh/contract';
import type { AcceptedReply, NotificationDraft, SourceContext, Verification, WebhookRequest } from '@crm-mesh/sdk';
import { equalsInConstantTime, isObject, refuseNotification, toIsoTime } from '@crm-mesh/sdk/kit';
import { XMLParser } from 'fast-xml-parser';
import type { SalesforceConfig } from './config.js';
import { toId18 } from './ids.js';
import { entityOf } from './objects.js';

type Context = SourceContext<SalesforceConfig>;
type Element = Readonly<Record<string, unknown>>;

/** What a message holds at most. */
const MAX_NOTIFICATIONS = 100;

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  // No entity is expanded by the parser: `decodeText` knows the five of XML itself and characters by number.
  processEntities: false,
  tagValueProcessor: (_name, value) => decodeText(value),
  maxNestedTags: 20,
  isArray: (name) => name === 'Notification',
});

/**
 * Salesforce signs no messages: that one names our organisation is all that it shows by itself. The rest is the
 * connection's `access`: a secret path, an IP allow-list, mutual TLS in front.
 */
export function verifyOutbound(request: WebhookRequest, { config }: Context): Verification {
  let organizationId: string | undefined;
  try {
    organizationId = toId18(readMessage(request).OrganizationId);
  } catch (error) {
    // What stands in no message proves nobody.
    if (error instanceof MeshError)
      return { ok: false, code: 'credentials-missing', reason: `No message can be read: ${error.what}` };
    throw error;
  }
  if (organizationId === undefined)
    return { ok: false, code: 'credentials-missing', reason: 'The message names no OrganizationId.' };
  if (equalsInConstantTime(organizationId, toId18(config.organizationId) ?? ''))
    return { ok: true, scheme: 'salesforce-organization' };
  const reason = `The message is of the organisation ${organizationId}, but \`organizationId\` of this connection is another.`;
  return { ok: false, code: 'credentials-mismatch', reason };
}

/** One notification each: the record is then read, for a repeated message carries today's values. */
export function splitOutbound(request: WebhookRequest): NotificationDraft[] {
  const { Notification: notifications } = readMessage(request);
  if (!Array.isArray(notifications)) throw refuseNotification('the message holds no Notification.');
  if (notifications.length > MAX_NOTIFICATIONS)
    throw refuseNotification(`the message holds more than ${MAX_NOTIFICATIONS} notifications.`);
  return notifications.map((notification: unknown, index) => readNotification(notification, index));
}

function readNotification(notification: unknown, index: number): NotificationDraft {
  const { Id: key, sObject } = isObject(notification) ? notification : {};
  const fields = isObject(sObject) ? sObject : {};
  const type = typeof fields['@type'] === 'string' ? fields['@type'].replace(/^.*:/, '') : '';
  const id = toId18(fields.Id);
  if (typeof key !== 'string' || key === '') throw refuseNotification(`notification ${index} has no Id.`);
  if (!/^[A-Za-z]\w{0,79}$/.test(type)) throw refuseNotification(`notification ${index} has no sObject with a type.`);
  if (id === undefined) throw refuseNotification(`notification ${index} (${type}) names no record.`);
  const modifiedAt = toIsoTime(fields.SystemModstamp) ?? toIsoTime(fields.LastModifiedDate);
  return {
    entity: entityOf(type),
    id,
    change: 'updated',
    dedupeKey: `outbound/${key}`,
    ...(modifiedAt !== undefined && { modifiedAt }),
    payload: notification,
  };
}

const ACKNOWLEDGED = `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">
 <soapenv:Body>
  <notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound">
   <Ack>true</Ack>
  </notificationsResponse>
 </soapenv:Body>
</soapenv:Envelope>
`;

/** 200 without it is a failure to Salesforce. */
export function replyOutbound(): AcceptedReply {
  return { status: 200, contentType: 'text/xml; charset=utf-8', body: ACKNOWLEDGED };
}

/** Read once, for the proof and for the notifications. */
const messages = new WeakMap<WebhookRequest, Element>();

function readMessage(request: WebhookRequest): Element {
  const message = messages.get(request) ?? parseMessage(request.body);
  messages.set(request, message);
  return message;
}

function parseMessage(body: Uint8Array): Element {
  const text = decodeBody(body);
  // No message has one, and all that is dangerous in XML begins with it.
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) throw refuseNotification('the body has a document type.');
  try {
    // Refuses what is not well-formed. Release 6 has a package of its own for that; we take 5.
    // oxlint-disable-next-line typescript/no-deprecated
    const { Envelope } = parser.parse(text, true) as Element;
    const Body = isObject(Envelope) ? Envelope.Body : undefined;
    const message = isObject(Body) ? Body.notifications : undefined;
    if (isObject(message)) return message;
  } catch (error) {
    throw refuseNotification('the body is no well-formed XML.', error);
  }
  throw refuseNotification('the body is no SOAP envelope with notifications.');
}

function decodeBody(body: Uint8Array): string {
  try {
    return UTF_8.decode(body);
  } catch (error) {
    if (error instanceof MeshError) throw error;
    throw refuseNotification('the body is not in UTF-8.', error);
  }
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeText(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,4}));/gi, (whole, decimal, hex, name) => {
    if (typeof name === 'string') return NAMED[name] ?? whole;
    const code = typeof decimal === 'string' ? Number(decimal) : Number.parseInt(String(hex), 16);
    return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : (whole as string);
  });
}
