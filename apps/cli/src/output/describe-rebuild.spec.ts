import type { RebuildState } from '@crm-mesh/control';
import { expect, it } from 'vitest';
import { measurePace } from '../mesh/follow-rebuild.js';
import { describeFindings, describeProgress, isClean } from './describe-rebuild.js';

const status: RebuildState = {
  ...{ run: 'r', by: 'ann', goal: 'verify', begunMs: 0, phase: 'reading' },
  ...{ events: 12_000, totalEvents: 80_000, compared: 0, totalRecords: 9 },
  log: { incarnation: 'i', from: 1, position: 12_000, to: 80_000 },
  found: { different: 0, missing: 0, unlogged: 0, examples: [] },
};

it.each<[string, Partial<RebuildState>, object, string]>([
  ['at its beginning', { phase: 'emptying' }, {}, 'making room'],
  ['with a pace', {}, { perSecond: 9_400, leftMs: 7_200 }, '12,000 of 80,000 events read; 9,400 a second, 7.2 s left'],
  ['with more records than it thought', { phase: 'comparing', compared: 10 }, {}, '10 of 10 records compared'],
])('tells how far it is, %s', (_name, part, pace, text) => {
  expect(describeProgress({ ...status, ...part }, pace)).toBe(text);
});

it('measures what is done of what there is', () => {
  const later = { ...status, events: 32_000 };
  expect(measurePace({ status, atMs: 1_000 }, { status: later, atMs: 3_000 })).toEqual({
    perSecond: 10_000,
    leftMs: 4_800,
  });
  expect(measurePace({ status, atMs: 1_000 }, { status, atMs: 3_000 })).toEqual({});
});

it('says what came of it', () => {
  expect(isClean(status)).toBe(true);
  expect(describeFindings(status)).toEqual([
    'The ledger was verified from 12,000 events, and 0 records compared.',
    'Nothing differed.',
  ]);
  const found = { different: 2, missing: 1, unlogged: 3, examples: ['acme/crm/deal/1'], wrongRanges: ['x'] };
  expect(isClean({ found })).toBe(false);
  expect(describeFindings({ ...status, found })).toEqual([
    'The ledger was verified from 12,000 events, and 0 records compared.',
    '2 records differed (not as the log says): acme/crm/deal/1',
    '1 records of the log were missing.',
    '1 digests of ranges were wrong.',
    '3 records have no events in the log any more, and stay as they are.',
  ]);
});
