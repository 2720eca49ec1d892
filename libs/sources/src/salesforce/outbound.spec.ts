import type { WebhookRequest } from '@crm-mesh/sdk';
import { describe, expect, it } from 'vitest';
import { createRequest, readSample } from '../../test/context.js';
import { salesforceSource } from './index.js';
import { connectOrg, ORGANIZATION_ID } from './org.fixture.js';

const sample = readSample('salesforce/outbound-contact-updated.xml').toString();
const post = (body: string | Uint8Array): WebhookRequest =>
  createRequest({ body, headers: { 'content-type': 'text/xml; charset=utf-8' } });
const split = (body: string | Uint8Array) => salesforceSource.split!(post(body), connectOrg());
const verify = (body: string, part = {}) => salesforceSource.verify!(post(body), connectOrg({}, part));

it('reads the sample', () => {
  expect(split(sample)).toEqual([
    {
      entity: 'contact',
      id: '0038d00000pQ7LmAAK',
      change: 'updated',
      dedupeKey: 'outbound/04l8d00000Hc2aBAAR',
      modifiedAt: '2026-03-11T13:02:46.000Z',
      payload: expect.objectContaining({
        sObject: expect.objectContaining({ '@type': 'sf:Contact', Title: 'Head of Procurement & Logistics' }),
      }),
    },
  ]);
});

it('acknowledges as Salesforce wants it, byte by byte', () => {
  expect(salesforceSource.reply!(post(sample), connectOrg())).toEqual({
    status: 200,
    contentType: 'text/xml; charset=utf-8',
    body: readSample('salesforce/outbound-response-ack.xml').toString(),
  });
});

describe('whose message it is', () => {
  it.each([
    ['ours', sample, {}, undefined],
    ['ours, configured in 15 characters', sample, { organizationId: ORGANIZATION_ID.slice(0, 15) }, undefined],
    ['another organisation’s', sample, { organizationId: '00D8d000009KxTrEAK' }, 'credentials-mismatch'],
    ['nobody’s', sample.replace(/<OrganizationId>.*<\/OrganizationId>/, ''), {}, 'credentials-missing'],
    ['no message at all', '{"a":1}', {}, 'credentials-missing'],
    ['an empty body', '', {}, 'credentials-missing'],
  ])('%s', (_name, body, part, code) => {
    const verification = verify(body, part);
    expect(verification.ok ? undefined : verification.code).toBe(code);
  });
});

describe('what is no outbound message', () => {
  const withText = (text: string) => sample.replace('Head of Procurement &amp; Logistics', text);
  const [start, notification, end] = [
    sample.slice(0, sample.indexOf('<Notification>')),
    sample.slice(sample.indexOf('<Notification>'), sample.indexOf('</notifications>')),
    sample.slice(sample.indexOf('</notifications>')),
  ];
  const laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>';

  it.each([
    ['a document type', laughs + withText('&b;'), /document type/],
    ['one behind the declaration', sample.replace('?>', `?>${laughs}`), /document type/],
    ['UTF-16', Buffer.from(`\uFEFF${sample}`, 'utf16le'), /UTF-8/],
    ['no XML', '{"a":1}', /XML|SOAP/],
    ['a tag that is not closed', sample.slice(0, -20), /well-formed/],
    ['thousands of levels', '<a>'.repeat(5_000) + '</a>'.repeat(5_000), /well-formed/],
    ['another envelope', sample.replaceAll('notifications', 'other'), /SOAP/],
    ['no notification', start + end, /no Notification/],
    ['more than Salesforce sends', start + notification.repeat(101) + end, /more than 100/],
    ['no record', sample.replace('0038d00000pQ7LmAAK', ''), /names no record/],
    ['no type', sample.replace('xsi:type="sf:Contact"', ''), /no sObject/],
    ['no key', sample.replace('04l8d00000Hc2aBAAR', ''), /no Id/],
  ])('%s', (_name, body, expected) => {
    expect(() => split(body)).toThrow(expected);
  });

  it('expands no entity but those of XML itself, and each once', () => {
    const [draft] = split(withText('&amp;lt; &#233;&#x1F600; &b; &lt;b&gt;'));
    expect(draft!.payload).toMatchObject({ sObject: { Title: '&lt; é😀 &b; <b>' } });
  });

  it('takes a hundred, and custom objects', () => {
    const hundred = start + notification.repeat(100) + end;
    expect(split(hundred)).toHaveLength(100);
    expect(split(sample.replace('sf:Contact', 'sf:Kiln__c'))[0]!.entity).toBe('custom-kiln__c');
  });
});
