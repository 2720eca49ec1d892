import { describe, expect, it } from 'vitest';
import { createDeadLetter, describePayload, restorePayload } from './bury.js';
import { createHeld } from './lane.js';

describe('the payload of a dead letter', () => {
  it.each<[string, Uint8Array, string]>([
    ['plain JSON is readable', Buffer.from('{"id":"D-1","amount":1.5}'), 'payload'],
    ['JSON that would change on the way is kept as text', Buffer.from('{ "id": 9007199254740993 }'), 'payloadText'],
    ['what is no JSON is kept as text', Buffer.from('hello <xml/> Größe'), 'payloadText'],
    ['what is no text is kept as base64', Buffer.from([0xff, 0xfe, 0x00]), 'payloadBase64'],
    ['an empty one', Buffer.from(''), 'payloadText'],
    ['__proto__ is data like any other', Buffer.from('{"__proto__":{"x":1}}'), 'payload'],
  ])('%s', (_name, bytes, member) => {
    const described = describePayload(bytes);
    expect(Object.keys(described)).toEqual([member]);
    const overTheWire = JSON.parse(JSON.stringify(described)) as typeof described;
    expect(Buffer.from(restorePayload(overTheWire as never)!)).toEqual(bytes);
  });
});

it('keeps the newest attempts, and shortens endless errors', () => {
  const held = createHeld({
    ref: { stream: 'CRM_EVENTS', incarnation: 'i', sequence: 7 },
    item: { stream: 'CRM_EVENTS', subject: 'crm.a.b.deal.won.1', sequence: 7, data: Buffer.from('{}'), storedAtMs: 0 },
    nowMs: 0,
    mayBeKnown: false,
  });
  held.attempts = 25;
  held.history = Array.from({ length: 25 }, (_, i) => ({
    at: String(i),
    error: { name: 'E', message: 'x'.repeat(9_000) },
  }));
  const letter = createDeadLetter(held, { consumer: 'c', version: 'v', error: held.history[24]!.error, nowMs: 0 });
  expect(letter).toMatchObject({
    attemptCount: 25,
    original: { sequence: 7, subject: 'crm.a.b.deal.won.1', payload: {} },
  });
  expect(letter.attempts.map((attempt) => attempt.at)).toEqual(Array.from({ length: 20 }, (_, i) => String(i + 5)));
  expect(letter.error.message.length).toBe(4_000);
});
