import { CloudEvent, HTTP, ValidationError } from 'cloudevents';
import { describe, expect, it } from 'vitest';
import { buildEvent } from './build-event.js';
import type { EventParts } from './build-event.js';
import { MeshError } from './errors.js';
import { listEventTypes } from './schema/event-schema.js';
import { parseEvent } from './parse-event.js';
import { parseNotification } from './parse-notification.js';
import type { AnyRecord } from './records/index.js';
import { validateEvent } from './validation/validate-event.js';

function makeParts(entity = 'deal', action = 'won', id = '4711'): EventParts {
  const record: AnyRecord =
    entity === 'deal' ? { id, status: 'won', amount: { value: '12.50', currency: 'EUR' } } : { id };
  return {
    address: { tenant: 'acme', connection: 'hubspot', entity, action, id },
    version: 3,
    origin: 'webhook',
    time: '2026-03-24T15:59:58.120Z',
    correlationId: 'c1',
    causationId: 'n1',
    record,
    changes: { status: { from: 'open', to: 'won' } },
  };
}

const event = buildEvent(makeParts());
const data: object = event.data;

describe('buildEvent', () => {
  it('makes a CloudEvents envelope', () => {
    expect(event).toEqual({
      specversion: '1.0',
      id: 'acme/hubspot/deal/4711@3',
      source: '/acme/hubspot',
      type: 'crm.deal.won',
      subject: 'deal/4711',
      time: '2026-03-24T15:59:58.120Z',
      datacontenttype: 'application/json',
      dataschema: 'https://crm-mesh.dev/schema/deal/1',
      tenant: 'acme',
      recordversion: 3,
      origin: 'webhook',
      correlationid: 'c1',
      causationid: 'n1',
      data: {
        id: '4711',
        status: 'won',
        amount: { value: '12.50', currency: 'EUR' },
        changes: { status: { from: 'open', to: 'won' } },
      },
    });
  });

  it.each(listEventTypes())(
    '%s.%s passes validation and the official CloudEvents SDK, structured and strict',
    (name, action) => {
      const made = buildEvent({
        ...makeParts(name === 'custom' ? 'custom-visit' : name, action, 'ü.*/ 1'),
        mergedIds: ['2'],
      });
      expect(validateEvent(parseEvent(JSON.stringify(made)))).toEqual(made);
      const strict = new CloudEvent(structuredClone(made) as never, true);
      expect(strict.validate()).toBe(true);
      const body = JSON.stringify(made);
      const read = HTTP.toEvent<object>({
        headers: { 'content-type': 'application/cloudevents+json' },
        body,
      }) as CloudEvent<object>;
      expect(read.validate()).toBe(true);
      expect(JSON.parse(JSON.stringify(read))).toEqual(made);
      expect(HTTP.structured(read).headers['content-type']).toContain('application/cloudevents+json');
    },
  );

  it('is held against an SDK that does refuse', () => {
    expect(() => new CloudEvent({ ...event, correlation_id: 'x' } as never, true)).toThrow(ValidationError);
  });
});

describe('parseEvent', () => {
  it('reads text and bytes, also those in the middle of a buffer', () => {
    const bytes = new TextEncoder().encode(` ${JSON.stringify(event)} `);
    expect(parseEvent<'deal.won'>(bytes.subarray(1)).data.amount?.value).toBe('12.50');
    expect(parseEvent(JSON.stringify(event))).toEqual(event);
  });

  it('takes further extension attributes and leaves the data to whoever appended it', () => {
    expect(parseEvent(JSON.stringify({ ...event, traceparent: '00-1-1-01', data: { anything: 1 } })).data).toEqual({
      anything: 1,
    });
  });

  it.each<[string | Uint8Array, RegExp]>([
    ['', /not JSON/],
    ['Ada Lovelace', /not JSON/],
    [Uint8Array.of(0xff, 0x22), /not UTF-8/],
    ['null', /must be object/],
    ['[]', /must be object/],
    ['{"__proto__":{}}', /specversion is missing/],
    [JSON.stringify({ ...event, specversion: '0.3' }), /specversion must be equal to constant/],
    [JSON.stringify({ ...event, recordversion: 0 }), /recordversion must be >= 1/],
    [JSON.stringify({ ...event, origin: 'Ada Lovelace' }), /origin must be equal to one of the allowed values/],
    [JSON.stringify({ ...event, time: 'yesterday' }), /time must match format "date-time"/],
    [JSON.stringify({ ...event, correlationid: undefined }), /correlationid is missing/],
    [JSON.stringify({ ...event, data: [] }), /data must be object/],
  ])('refuses %j', (payload, reason) => {
    expect(() => parseEvent(payload)).toThrow(MeshError);
    expect(() => parseEvent(payload)).toThrow(reason);
    expect(() => parseEvent(payload)).not.toThrow('Ada');
  });
});

describe('validateEvent', () => {
  it.each<[object, RegExp]>([
    [{ ...event, type: 'crm.deal.exploded' }, /type is no known event type/],
    [{ ...event, type: 'crm.contact.created', data: { id: '4711', changes: {} } }, /subject does not agree/],
    [{ ...event, tenant: 'other' }, /source does not agree/],
    [{ ...event, source: '/acme/%FF' }, /source does not agree/],
    [{ ...event, source: '/acme/%' }, /source does not agree/],
    [{ ...event, recordversion: 4 }, /id does not agree/],
    [{ ...event, subject: 'deal/4712' }, /subject does not agree/],
    [{ ...event, data: { ...data, id: '4712' } }, /subject does not agree/],
    [{ ...event, dataschema: 'https://crm-mesh.dev/schema/contact/1' }, /dataschema does not agree/],
    [{ ...event, data: { ...data, status: 'Ada' } }, /status must be one of/],
    [{ ...event, data: { ...data, status: undefined } }, /status is missing/],
    [{ ...event, data: { ...data, changes: undefined } }, /changes is missing/],
    [{ ...event, data: { ...data, changes: { name: { was: 'Ada' } } } }, /changes.name.was should not exist/],
    [{ ...event, data: { ...data, mergedIds: [1] } }, /mergedIds.0 must be a string/],
  ])('refuses %#', (wrong, reason) => {
    expect(() => validateEvent(wrong)).toThrow(MeshError);
    expect(() => validateEvent(wrong)).toThrow(reason);
    expect(() => validateEvent(wrong)).not.toThrow('Ada');
  });

  it.each(['deleted', 'erased'])('demands no more than the id of a %s record', (action) => {
    const bare = buildEvent({ ...makeParts('deal', action), record: { id: '4711' } });
    expect(validateEvent(bare)).toBe(bare);
    expect(() => validateEvent({ ...bare, data: { ...(bare.data as object), amount: { value: 'x' } } })).toThrow(
      'amount.value must be a decimal text',
    );
  });
});

describe('parseNotification', () => {
  const notification = {
    tenant: 'acme',
    connection: 'hubspot',
    entity: 'deal',
    id: '4711',
    dedupeKey: 'k',
    change: 'updated',
    origin: 'webhook',
    receivedAt: '2026-03-24T15:59:58Z',
    verifiedBy: 'hubspot-v3',
    payload: null,
  };

  it('reads what was received', () => {
    expect(parseNotification(JSON.stringify(notification))).toEqual(notification);
  });

  it.each<[object, RegExp]>([
    [{ ...notification, origin: 'echo' }, /origin must be equal to one of/],
    [{ ...notification, id: '' }, /id must NOT have fewer than 1 characters/],
    [{ ...notification, payload: undefined }, /payload is missing/],
  ])('refuses %#', (wrong, reason) => {
    expect(() => parseNotification(JSON.stringify(wrong))).toThrow(reason);
  });
});
