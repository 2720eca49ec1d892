import { expect, it } from 'vitest';
import type { Mismatch } from '../mismatch.js';
import type { KnownRecord } from './compare-record.js';
import { decideCrmRepair, type CrmRepair } from './decide-repair.js';

const time = '1970-01-01T00:00:05.000Z';
const known: KnownRecord = { version: 3, state: 'present', hash: 'a', seenAtMs: 5_000 };
const newer: KnownRecord = { ...known, version: 4, hash: 'b', seenAtMs: 6_000 };
const deleted: KnownRecord = { ...known, state: 'deleted' };

it.each<[string, Pick<Mismatch, 'kind' | 'found'>, KnownRecord | undefined, number, CrmRepair | undefined]>([
  ['never told', { kind: 'missing' }, undefined, 9_000, { change: 'unknown' }],
  ['told meanwhile', { kind: 'missing' }, known, 9_000, undefined],
  ['back', { kind: 'missing', found: time }, deleted, 9_000, { change: 'restored', atMs: 9_000 }],
  ['back, by a clock behind', { kind: 'missing', found: time }, deleted, 4_000, { change: 'restored', atMs: 5_000 }],
  ['back, and told meanwhile', { kind: 'missing', found: time }, known, 9_000, undefined],
  ['stale', { kind: 'stale', found: time }, known, 9_000, { change: 'unknown' }],
  ['stale, and told meanwhile', { kind: 'stale', found: time }, newer, 9_000, undefined],
  ['stale, and deleted meanwhile', { kind: 'stale', found: time }, deleted, 9_000, undefined],
  ['edited', { kind: 'edited', found: 'a' }, known, 9_000, { change: 'unknown' }],
  ['edited, and told meanwhile', { kind: 'edited', found: 'a' }, newer, 9_000, undefined],
  ['gone', { kind: 'extra', found: time }, known, 9_000, { change: 'deleted', atMs: 9_000 }],
  ['gone, and changed meanwhile', { kind: 'extra', found: time }, newer, 9_000, undefined],
  ['gone, and told meanwhile', { kind: 'extra', found: time }, deleted, 9_000, undefined],
])('%s', (_, mismatch, entry, seenMs, expected) => expect(decideCrmRepair(mismatch, entry, seenMs)).toEqual(expected));
