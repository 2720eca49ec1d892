import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from './errors.js';
import { eventId, parseEventId } from './event-id.js';
import {
  auditSubject,
  deadSubject,
  directSubject,
  eventFilter,
  eventSubject,
  MAX_SUBJECT_BYTES,
  parseEventSubject,
  parseRawSubject,
  rawFilter,
  rawSubject,
} from './subjects.js';
import type { EventAddress } from './subjects.js';

/** As nats-server reads subjects: no white space or control characters, no empty token, wildcards whole tokens only. */
function isLegalSubject(subject: string): boolean {
  return (
    !/[\s\p{Cc}*>]/u.test(subject) && subject.split('.').every((token) => token.length > 0) && !subject.startsWith('$')
  );
}

function matchesFilter(filter: string, subject: string): boolean {
  const wanted = filter.split('.');
  const tokens = subject.split('.');
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return tokens.length > index;
    if (token !== '*' && token !== tokens[index]) return false;
  }
  return wanted.length === tokens.length;
}

const nasty = fc.constantFrom(
  '',
  ' ',
  '.',
  '..',
  '*',
  '>',
  '%',
  '%41',
  '%2E',
  'a.b',
  'a b',
  'a\tb\r\n',
  '\0',
  '$',
  '$JS',
  '/',
  '\\',
  '@1',
  'a@1@2',
  '__proto__',
  '👩‍👩‍👧',
  'Ångström',
  '\u202E',
  '\uFEFF',
  '\uD800',
  'a\uDC00',
  '4711',
  'x'.repeat(255),
  'x'.repeat(256),
  'x'.repeat(500),
  '.'.repeat(85),
  '.'.repeat(86),
  '€'.repeat(28),
  '€'.repeat(29),
);
const text = fc.oneof(
  nasty,
  fc.string({ unit: 'binary', maxLength: 500 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('.', '*', '>', ' ', '%', '2', 'E', 'a', '/', '@') }),
);
const address: fc.Arbitrary<EventAddress> = fc.record({
  tenant: text,
  connection: text,
  entity: fc.oneof(fc.constantFrom('deal', 'contact', 'custom-x'), text),
  action: fc.constantFrom('won', 'created'),
  id: text,
});
const NAMED = ['MESH_ID_EMPTY', 'MESH_ID_TOO_LONG', 'MESH_ID_UNSUPPORTED'];

/** Undefined where it is refused by name. */
function tryMake(make: () => string): string | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof MeshError && NAMED.includes(error.code)) return undefined;
    throw error;
  }
}

describe('subjects', () => {
  it('carry any tenant, connection and id unchanged, or refuse them by name', () => {
    let carried = 0;
    const property = fc.property(address, (parts) => {
      const { action: _action, ...key } = parts;
      const subject = tryMake(() => eventSubject(parts));
      const raw = tryMake(() => rawSubject(key));
      if (subject !== undefined) carried++;
      for (const made of [subject, raw].filter((one) => one !== undefined)) {
        expect(isLegalSubject(made)).toBe(true);
        expect(Buffer.byteLength(made)).toBeLessThanOrEqual(MAX_SUBJECT_BYTES);
      }
      expect(subject === undefined ? parts : parseEventSubject(subject)).toEqual(parts);
      expect(subject === undefined ? key : parseEventId(eventId(key, 7))?.key).toEqual(key);
      expect(raw === undefined ? key : parseRawSubject(raw)).toEqual(key);
      // What was received can be told.
      expect(raw !== undefined && subject === undefined).toBe(false);
    });
    fc.assert(property, { numRuns: 2000 });
    expect(carried).toBeGreaterThan(100);
  });

  it('match the filters of their own parts and no others', () => {
    const mask = fc.record({
      tenant: fc.boolean(),
      connection: fc.boolean(),
      entity: fc.boolean(),
      action: fc.boolean(),
      id: fc.boolean(),
    });
    const property = fc.property(address, address, mask, fc.boolean(), (one, other, masked, mix) => {
      const subject = tryMake(() => eventSubject(one));
      if (subject === undefined) return;
      const parts = mix ? { ...one, id: other.id } : other;
      const kept = Object.fromEntries(Object.entries(parts).filter(([name]) => masked[name as keyof EventAddress]));
      const filter = tryMake(() => eventFilter(kept));
      if (filter === undefined) return;
      const same = Object.entries(kept).every(([name, value]) => one[name as keyof EventAddress] === value);
      expect(matchesFilter(filter, subject)).toBe(same);
    });
    fc.assert(property, { numRuns: 2000 });
  });

  it('leave room to be told again to, or buried for, any consumer', () => {
    const property = fc.property(address, text, (parts, consumer) => {
      const subject = tryMake(() => eventSubject(parts));
      if (subject === undefined || tryMake(() => auditSubject('dead', consumer)) === undefined) return;
      for (const make of [directSubject, deadSubject]) {
        const derived = make(consumer, subject);
        expect(isLegalSubject(derived)).toBe(true);
        expect(derived.endsWith(subject.slice('crm'.length))).toBe(true);
      }
    });
    fc.assert(property, { numRuns: 1000 });
    const longest = {
      tenant: 't'.repeat(255),
      connection: 'c'.repeat(235),
      entity: 'deal',
      action: 'won',
      id: 'i'.repeat(255),
    };
    expect(eventSubject(longest)).toHaveLength(760);
    expect(deadSubject('p'.repeat(255), eventSubject(longest)).length).toBeLessThanOrEqual(MAX_SUBJECT_BYTES);
    expect(auditSubject('superseded', 'p'.repeat(254), longest).length).toBeLessThanOrEqual(MAX_SUBJECT_BYTES);
    expect(() => eventSubject({ ...longest, connection: 'c'.repeat(236) })).toThrow('MESH_ID_TOO_LONG');
  });

  it.each([
    [
      'crm.acme.hubspot.deal.won.4711',
      { tenant: 'acme', connection: 'hubspot', entity: 'deal', action: 'won', id: '4711' },
    ],
    [
      'crm.acme.hubspot.deal.won.a%2Eb',
      { tenant: 'acme', connection: 'hubspot', entity: 'deal', action: 'won', id: 'a.b' },
    ],
    ['crm.acme.hubspot.deal.won.a%2eb', undefined],
    ['crm.acme.hubspot.deal.won.%41', undefined],
    ['crm.acme.hubspot.deal.won.%FF', undefined],
    ['crm.acme.hubspot.deal.won', undefined],
    ['crm.acme.hubspot.deal.won.1.2', undefined],
    ['crm.acme..deal.won.1', undefined],
    ['crm.*.*.deal.won.*', undefined],
    ['raw.acme.hubspot.deal.won.1', undefined],
    ['', undefined],
  ])('%s is read as %o', (subject, parts) => {
    expect(parseEventSubject(subject)).toEqual(parts);
  });

  it.each([
    [eventFilter({}), 'crm.*.*.*.*.*'],
    [eventFilter({ entity: 'deal', id: '4711' }), 'crm.*.*.deal.*.4711'],
    [eventFilter({ tenant: 'a.b' }), 'crm.a%2Eb.*.*.*.*'],
    [rawFilter({ connection: 'hubspot' }), 'raw.*.hubspot.*.*'],
    [auditSubject('replay', 'deal-won-notifier'), 'audit.replay.deal-won-notifier'],
    [
      auditSubject('redrive', 'a', { tenant: 't', connection: 'c', entity: 'deal', id: 'x.1' }),
      'audit.redrive.a.t.c.deal.x%2E1',
    ],
    [directSubject('a', 'crm.t.c.deal.won.1'), 'direct.a.t.c.deal.won.1'],
    [deadSubject('a', 'raw.t.c.deal.1'), 'dead.a.t.c.deal.1'],
  ])('%s', (made, expected) => {
    expect(made).toBe(expected);
  });

  it('refuse a subject without anything to carry over', () => {
    expect(() => deadSubject('a', 'crm')).toThrow('MESH_ID_EMPTY');
    expect(() => directSubject('a', 'crm.')).toThrow('MESH_ID_EMPTY');
  });
});

describe('eventId', () => {
  it.each([
    '',
    'a/b/c/d',
    'a/b/c@1',
    'a/b/c/d@0',
    'a/b/c/d@01',
    'a/b/c/d@1.5',
    'a/b/c/d@99999999999999999',
    'a/b/c/d/e@1',
    'a/b//d@1',
    'a/b/c/%2e@1',
  ])('%s is none', (wrong) => {
    expect(parseEventId(wrong)).toBeUndefined();
  });

  it('splits at the last @', () => {
    expect(eventId({ tenant: 't', connection: 'c', entity: 'deal', id: 'a@1' }, 2)).toBe('t/c/deal/a@1@2');
    expect(parseEventId('t/c/deal/a@1@2')).toEqual({
      key: { tenant: 't', connection: 'c', entity: 'deal', id: 'a@1' },
      version: 2,
    });
  });
});
