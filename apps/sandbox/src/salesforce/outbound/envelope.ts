import type { Value } from '../schema/field.js';
import { readTime } from '../times.js';

export interface Notification {
  id: string;
  /** In the order in which they are sent. */
  fields: readonly (readonly [name: string, value: Value])[];
}

export interface EnvelopeFacts {
  organizationId: string;
  actionId: string;
  instanceUrl: string;
  entityName: string;
}

/** One outbound message, as SOAP. */
export function writeEnvelope(facts: EnvelopeFacts, notifications: readonly Notification[]): string {
  const { organizationId, actionId, instanceUrl } = facts;
  const org15 = organizationId.slice(0, 15);
  return `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
   <OrganizationId>${escape(organizationId)}</OrganizationId>
   <ActionId>${escape(actionId)}</ActionId>
   <SessionId xsi:nil="true"/>
   <EnterpriseUrl>${escape(`${instanceUrl}/services/Soap/c/66.0/${org15}`)}</EnterpriseUrl>
   <PartnerUrl>${escape(`${instanceUrl}/services/Soap/u/66.0/${org15}`)}</PartnerUrl>
${notifications.map((notification) => writeNotification(facts.entityName, notification)).join('\n')}
  </notifications>
 </soapenv:Body>
</soapenv:Envelope>`;
}

function writeNotification(entityName: string, { id, fields }: Notification): string {
  const members = fields
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `     <sf:${name}>${escape(showValue(value))}</sf:${name}>`);
  return [
    '   <Notification>',
    `    <Id>${id}</Id>`,
    `    <sObject xsi:type="sf:${entityName}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">`,
    ...members,
    '    </sObject>',
    '   </Notification>',
  ].join('\n');
}

/** SOAP's times end in Z. */
function showValue(value: Value): string {
  const text = String(value);
  const ms = typeof value === 'string' ? readTime(value) : undefined;
  return ms === undefined ? text : new Date(ms).toISOString();
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escape(text: string): string {
  return text.replaceAll(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign);
}

/** 200 without this is a failure too. */
export function isAcknowledged(status: number, body: string): boolean {
  return status === 200 && /<(?:\w+:)?Ack>\s*true\s*<\/(?:\w+:)?Ack>/.test(body);
}
