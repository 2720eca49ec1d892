import { parseRawSubject } from '@crm-mesh/contract';
import { parseNotification } from '@crm-mesh/contract/checking';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCloudEvent, makeHubspotItem } from '../publisher.fixture.js';
import { MARKER, openHostileMesh, type ConnectionName, type HostileMesh } from './hostile.fixture.js';

let mesh: HostileMesh;
beforeAll(async () => {
  mesh = await openHostileMesh();
});
afterAll(() => mesh.stop());

let serial = 1;
/** An item of HubSpot that was not there before, with more members in JSON. */
function writeItem(members = ''): string {
  const item = JSON.stringify(makeHubspotItem((serial += 1), { propertyValue: MARKER }));
  return `${item.slice(0, -1)}${members && `,${members}`}}`;
}

const nest = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const writeEvent = (data: string): string =>
  JSON.stringify(makeCloudEvent('deal.won', {}, { id: `e${(serial += 1)}` })).replace('"data":{}', `"data":${data}`);

/** What a signed body of HubSpot must be answered. */
const BODIES: [name: string, status: number, body: () => Uint8Array | string][] = [
  ['nothing', 400, () => ''],
  ['100,000 open brackets', 400, () => '['.repeat(100_000)],
  ['lists in lists, 100,000 deep', 400, () => nest(100_000)],
  ['an item with lists, 100,000 deep', 400, () => `[${writeItem(`"x":${nest(100_000)}`)}]`],
  ['an item with lists, 4,000 deep', 400, () => `[${writeItem(`"x":${nest(4_000)}`)}]`],
  ['deep lists beside a long number', 400, () => `[${writeItem(`"n":12345678901234567890,"x":${nest(50_000)}`)}]`],
  ['objects in objects, 50,000 deep', 400, () => `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`],
  ['brackets in a text', 202, () => `[${writeItem(`"x":"\\"${'['.repeat(50_000)}"`)}]`],
  ['an item with lists, 100 deep', 202, () => `[${writeItem(`"x":${nest(100)}`)}]`],
  ['a million numbers', 400, () => `[${'1,'.repeat(999_999)}1]`],
  ['a number of a million digits', 400, () => `[${'1'.repeat(1_000_000)}]`],
  ['__proto__', 202, () => `[${writeItem('"__proto__":{"polluted":true}')}]`],
  ['__proto__ beside a long number', 202, () => `[${writeItem('"n":12345678901234567890,"__proto__":{"x":1}')}]`],
  ['constructor and prototype', 202, () => `[${writeItem('"constructor":{"prototype":{"polluted":true}}')}]`],
  ['__proto__ for an item', 400, () => '[{"__proto__":{"subscriptionType":"deal.creation","objectId":1}}]'],
  ['constructor for a kind', 202, () => '[{"subscriptionType":"deal.constructor","objectId":1}]'],
  ['__proto__ for a type', 202, () => '[{"subscriptionType":"__proto__.creation","objectId":1}]'],
  ['an endless id', 202, () => '[{"subscriptionType":"deal.creation","objectId":1e999}]'],
  ['NaN', 400, () => '[NaN]'],
  ['a time outside of time', 202, () => `[${writeItem().replace(/"occurredAt":\d+/, '"occurredAt":1e300')}]`],
  ['invalid UTF-8', 400, () => Buffer.from(`[${writeItem('"x":"ÿÿ"')}]`, 'latin1')],
  ['an overlong encoding', 400, () => Buffer.from([0x5b, 0x22, 0xc0, 0xaf, 0x22, 0x5d])],
  ['a surrogate in UTF-8', 400, () => Buffer.from([0x5b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x5d])],
  ['UTF-16', 400, () => Buffer.from('[]', 'utf16le')],
  ['a byte order mark', 202, () => `\uFEFF[${writeItem()}]`],
  ['a bare NUL in a text', 400, () => '["\0"]'],
  ['an escaped NUL', 202, () => `[${writeItem('"x":"\\u0000"')}]`],
  ['lone surrogates', 202, () => `[${writeItem('"x":"\\ud800","\\udfff":1')}]`],
  ['no items', 202, () => '[]'],
  [
    '10,000 items',
    202,
    () => `[${Array.from({ length: 9_999 }, () => `${writeSmallItem()},`).join('')}${writeItem()}]`,
  ],
  ['items of 20,000 unknown kinds', 202, () => `[${'{"subscriptionType":"a.b"},'.repeat(19_999)}${writeItem()}]`],
  ['a kind of 100 KB', 202, () => `[{"subscriptionType":"a.${MARKER.repeat(4_000)}"}]`.replaceAll(MARKER, 'kind')],
];

const writeSmallItem = (): string => `{"subscriptionType":"deal.creation","objectId":${(serial += 1)},"eventId":1}`;

describe('bodies that are well signed', () => {
  it.each(BODIES)('%s → %i', async (_name, status, body) => {
    expect((await mesh.judgeSigned('hubspot', body()))?.status).toBe(status);
  });

  it.each([
    ['12345678901234567890', '12345678901234567890'],
    ['1e999', '1e999'],
    ['-1E+400', '-1E+400'],
    ['1e-999', '1e-999'],
    ['{"__proto__":1}', JSON.parse('{"__proto__":1}') as unknown],
  ])('stores %s without a loss', async (text, value) => {
    expect((await mesh.judgeSigned('hubspot', `[${writeItem(`"x":${text}`)}]`))?.status).toBe(202);
    expect((await mesh.judgeSigned('cloudevents', writeEvent(`{"id":"1","x":${text}}`)))?.status).toBe(202);
    const { lastSequence } = await mesh.nats.streamState('CRM_RAW');
    const stored = await mesh.nats.getMessage('CRM_RAW', lastSequence - 1);
    expect(parseNotification(stored!.data).payload).toMatchObject({ x: value });
    const event = await mesh.nats.getMessage('CRM_RAW', lastSequence);
    expect(parseNotification(event!.data).payload).toMatchObject({ data: { x: value } });
  });

  it.each([
    ['an extension named constructor', { constructor: 'x' }],
    ['an extension named validate', { validate: 'x' }],
    ['an extension that is an object', { extra: {} }],
    ['base64 that is none', { data_base64: '%%%', data: undefined }],
    ['base64 of deep lists', { data_base64: Buffer.from(nest(100_000)).toString('base64'), data: undefined }],
    ['a type of 100 KB', { type: 'x'.repeat(100_000) }],
    ['a time that is none', { time: '2025-99-99T99:99:99Z' }],
    ['an id of 100 KB', { id: 'x'.repeat(100_000) }],
    ['a source of line breaks', { source: '\r\n\r\n' }],
    ['a subject alone', { subject: '/', data: {} }],
  ])('CloudEvents with %s', async (_name, part) => {
    const answer = await mesh.judgeSigned('cloudevents', JSON.stringify(makeCloudEvent('deal.won', { id: 'a' }, part)));
    expect([202, 400]).toContain(answer?.status);
  });
});

const names = fc.constantFrom<ConnectionName>('hubspot', 'cloudevents', 'standard');
const hostileKeys = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'subscriptionType', 'objectId', 'id', 'type'),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const { tree } = fc.letrec((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom('deal.creation', 'deal.won', 'contact.merge', '1.0', 1e308, -0, 2 ** 53),
    fc.jsonValue({ maxDepth: 0 }),
  ),
  tree: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.dictionary(hostileKeys, tie('tree'), { maxKeys: 5 }),
    fc.array(tie('tree'), { maxLength: 4 }),
  ),
}));
/** A body that is right but for some bytes, or but for its end. */
const damaged = fc
  .record({
    cut: fc.nat(600),
    flips: fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 3 }),
    whole: fc.boolean(),
  })
  .map(({ cut, flips, whole }) => {
    const body = Buffer.from(fc.sample(names, 1)[0] === 'hubspot' ? `[${writeItem()}]` : writeEvent('{"id":"1"}'));
    for (const [at, value] of flips) if (at < body.length) body[at] = value;
    return whole ? body : body.subarray(0, cut);
  });

describe('bodies of chance', () => {
  it.each([
    ['bytes', fc.uint8Array({ maxLength: 300 })],
    ['values', fc.array(tree, { maxLength: 3 }).map((value) => Buffer.from(JSON.stringify(value)))],
    ['one value', tree.map((value) => Buffer.from(JSON.stringify(value) ?? ''))],
    ['damage', damaged],
  ])('%s', async (_name, bodies) => {
    const check = async (name: ConnectionName, body: Uint8Array): Promise<void> => {
      const answer = await mesh.judgeSigned(name, body);
      expect([202, 400, 413]).toContain(answer?.status);
    };
    await fc.assert(fc.asyncProperty(names, bodies, check), { numRuns: 40 });
  });
});

describe('ids', () => {
  const ids = fc.oneof(
    fc.constantFrom(
      '',
      '.',
      '..',
      '*',
      '>',
      'a.b',
      '$SYS',
      ' ',
      '\r\n',
      '\0',
      '😀',
      '%2E',
      '\ud800',
      'x'.repeat(10_240),
    ),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: 'grapheme', maxLength: 120 }),
    fc.double(),
    fc.bigInt().map(String),
  );

  it('come back as they came, or are refused', async () => {
    const check = async (objectId: string | number): Promise<void> => {
      const item = { ...makeHubspotItem((serial += 1)), objectId, propertyName: 'amount' };
      const answer = await mesh.judgeSigned('hubspot', JSON.stringify([item]));
      if (answer?.status === 400) return;
      expect(answer?.status).toBe(202);
      const { lastSequence } = await mesh.nats.streamState('CRM_RAW');
      const stored = await mesh.nats.getMessage('CRM_RAW', lastSequence);
      expect(parseRawSubject(stored!.subject)?.id).toBe(String(objectId));
    };
    await fc.assert(fc.asyncProperty(ids, check), { numRuns: 60 });
  });
});
