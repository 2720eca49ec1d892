import { describe, expect, it } from 'vitest';
import {
  compareRecord,
  describeKnown,
  describeSight,
  isUnchanged,
  type CrmSight,
  type KnownRecord,
} from './compare-record.js';

const known: KnownRecord = { version: 3, state: 'present', hash: 'a', seenAtMs: 5_000 };
const deleted: KnownRecord = { ...known, state: 'deleted' };
const erased: KnownRecord = { ...known, state: 'erased', hash: '' };
const neverTold: KnownRecord = { ...deleted, version: 0 };
const at = (modifiedAtMs: number, part: Partial<CrmSight> = {}): CrmSight => ({ isGone: false, modifiedAtMs, ...part });
const gone: CrmSight = { isGone: true };

describe('compareRecord', () => {
  it.each<[string, CrmSight, KnownRecord | undefined, string | undefined]>([
    ['never told', at(1), undefined, 'missing'],
    ['told as deleted, and back', at(1), deleted, 'missing'],
    ['gone before it was ever told, and back', at(1), neverTold, 'missing'],
    ['erased, and there as it was', at(5_000), erased, undefined],
    ['erased, and changed since', at(5_001), erased, 'missing'],
    ['erased, and there without a time', { isGone: false }, erased, undefined],
    ['the same time', at(5_000), known, undefined],
    ['an older time', at(4_999), known, undefined],
    ['a newer time', at(5_001), known, 'stale'],
    ['a newer time, and the same content', at(5_001, { hash: 'a' }), known, undefined],
    ['a newer time, and other content', at(5_001, { hash: 'b' }), known, 'stale'],
    ['the same time, and other content', at(5_000, { hash: 'b' }), known, 'edited'],
    ['an older time, and other content', at(4_000, { hash: 'b' }), known, undefined],
    ['whole seconds, stated at their end', at(4_000, { statedAtMs: 5_000, hash: 'b' }), known, 'edited'],
    ['a second later, stated alone', { isGone: false, statedAtMs: 6_000, hash: 'b' }, known, 'stale'],
    ['no time', { isGone: false }, known, undefined],
    ['no time, and other content', { isGone: false, hash: 'b' }, known, 'edited'],
    ['gone', gone, known, 'extra'],
    ['gone on both sides', gone, deleted, undefined],
    ['gone, and erased', gone, erased, undefined],
    ['gone, and never told', gone, neverTold, undefined],
    ['gone, and unknown', gone, undefined, undefined],
  ])('%s', (_, sight, entry, kind) => expect(compareRecord(sight, entry)).toBe(kind));
});

it('a mismatch shows times, and of edited records hashes', () => {
  expect(describeKnown('stale', known)).toBe('1970-01-01T00:00:05.000Z');
  expect(describeKnown('edited', known)).toBe('a');
  expect(describeKnown('missing', undefined)).toBeUndefined();
  expect(describeSight('stale', at(4_000, { statedAtMs: 6_000 }))).toBe('1970-01-01T00:00:06.000Z');
  expect(describeSight('edited', at(4_000, { hash: 'b' }))).toBe('b');
  expect(describeSight('missing', { isGone: false })).toBeUndefined();
  expect(describeSight('extra', gone)).toBeUndefined();
});

it.each<[string, KnownRecord | undefined, KnownRecord | undefined, boolean]>([
  ['nothing', undefined, undefined, true],
  ['the same', known, { ...known }, true],
  ['told since', known, { ...known, version: 4 }, false],
  ['told for the first time', undefined, known, false],
  ['seen as it is', known, { ...known, seenAtMs: 6_000 }, false],
])('unchanged since it was looked at: %s', (_, before, now, expected) =>
  expect(isUnchanged(before, now)).toBe(expected),
);
