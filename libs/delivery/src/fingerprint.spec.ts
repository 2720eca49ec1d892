import { describe, expect, it } from 'vitest';
import { fingerprintError, groupOf } from './fingerprint.js';

const ofMessage = (message: string): string => fingerprintError({ name: 'Error', message });

describe('the fingerprint of an error', () => {
  it.each([
    ['the receiver answered 503', 'the receiver answered <n>'],
    ['took 1.5 s, 2,000 rows, -3 left', 'took <n> s, <n> rows, <n> left'],
    ['no deal 4711', 'no deal <n>'],
    ['no deal D-4711 of cus_9s8f7', 'no deal <id> of <id>'],
    ['acme/hubspot/deal/4711@3 is gone', 'acme/hubspot/deal/<n>@<n> is gone'],
    ['id 0b5c2f3e-9d3a-4a52-8f4e-1c2d3e4f5a6b', 'id <uuid>'],
    ['commit deadbeef12 of 0xff', 'commit <hex> of <hex>'],
    ['cannot read "name" of \'Müller & Co\'', 'cannot read <value> of <value>'],
    ["it doesn't, and won't, work", "it doesn't, and won't, work"],
    ['since 2026-01-02T03:04:05.678Z', 'since <time>'],
    ['POST https://example.com/x?y=1#z failed', 'POST <url> failed'],
    ['no mail to ann.b+c@example.co.uk.', 'no mail to <email>.'],
    ['two\n  lines', 'two lines'],
    ['', ''],
  ])('%s', (message, words) => expect(ofMessage(message)).toBe(`Error | ${words}`));

  it('tells names, codes and places apart', () => {
    const error = { name: 'TypeError', message: 'no', code: 'ECONNREFUSED' };
    const stack = [
      'TypeError: no',
      '    at new Promise (<anonymous>)',
      '    at internal (node:net:1:2)',
      '    at post (/app/node_modules/axios/index.js:1:2)',
      '    at async sendDeal (/data/cache/host/a-0123456789ab.mjs:17:3)',
    ].join('\n');
    expect(fingerprintError({ ...error, stack })).toBe('TypeError | ECONNREFUSED | no | sendDeal');
    expect(fingerprintError(error)).toBe('TypeError | ECONNREFUSED | no');
  });

  it('is quick with what is long and hostile', () => {
    const startedMs = performance.now();
    for (const part of ['a@', '"', '1-', 'a.', '://', '1.1', '0x']) ofMessage(part.repeat(50_000));
    expect(performance.now() - startedMs).toBeLessThan(500);
  });
});

it('a group is a consumer, a version and a kind of error', () => {
  const letter = { consumer: 'a', version: 'v1', error: { name: 'Error', message: 'no deal 1' } };
  expect(groupOf(letter)).toMatch(/^[\da-f]{8}$/);
  expect(groupOf({ ...letter, error: { name: 'Error', message: 'no deal 2' } })).toBe(groupOf(letter));
  const others = [
    { ...letter, consumer: 'b' },
    { ...letter, version: 'v2' },
    { ...letter, error: { name: 'Error', message: 'no lead 1' } },
  ];
  expect(new Set([letter, ...others].map(groupOf)).size).toBe(4);
});
