import { expect, it } from 'vitest';
import type { StoredEntry } from '../ledger-entry.js';
import { decideCarry, type Carry } from './decide-carry.js';

const LOG = { from: 100, position: 200 };

function entryOf(more: Partial<StoredEntry> = {}): StoredEntry {
  const key = { tenant: 'acme', connection: 'crm', entity: 'contact', id: '7' };
  const times = { modifiedAtMs: 1, contentAtMs: 1, seenAtMs: 1 };
  return {
    key,
    version: 3,
    state: 'present',
    hash: 'h',
    sequence: 150,
    dataText: '{}',
    aliases: [],
    ...times,
    ...more,
  };
}

const rebuilt = entryOf();
const rows: [string, StoredEntry, StoredEntry | undefined, Carry][] = [
  ['what the log comes to', entryOf(), rebuilt, { verdict: 'same' }],
  ['not read up to yet', entryOf({ sequence: 201 }), rebuilt, { verdict: 'later' }],
  ['another version', entryOf({ version: 2, sequence: 140 }), rebuilt, { verdict: 'different', entry: rebuilt }],
  ['other content', entryOf({ dataText: '{"x":1}' }), rebuilt, { verdict: 'different', entry: rebuilt }],
  ['aged out', entryOf({ sequence: 90 }), undefined, { verdict: 'unlogged', entry: entryOf({ sequence: 90 }) }],
  ['aged out, carried over before', entryOf({ sequence: 90 }), entryOf({ sequence: 90 }), { verdict: 'unlogged' }],
  [
    'of an earlier stream, and swallowed in this one',
    entryOf({ version: 5, sequence: 0 }),
    entryOf({ version: 0, sequence: 0, state: 'deleted', seenAtMs: 9 }),
    { verdict: 'unlogged', entry: entryOf({ version: 5, sequence: 0 }), isForced: true },
  ],
  [
    'an end that nobody was told',
    entryOf({ version: 0, sequence: 0, state: 'deleted' }),
    undefined,
    { verdict: 'same', entry: entryOf({ version: 0, sequence: 0, state: 'deleted' }) },
  ],
  [
    'seen again',
    entryOf({ seenAtMs: 9, contentAtMs: 8, aliases: ['2'], fieldTimes: { base: 9, fields: {} } }),
    entryOf({ aliases: ['1'] }),
    {
      verdict: 'same',
      entry: entryOf({ seenAtMs: 9, contentAtMs: 8, aliases: ['1', '2'], fieldTimes: { base: 9, fields: {} } }),
    },
  ],
];

it.each(rows)('%s', (_name, kept, log, carry) => {
  const decided = decideCarry(kept, log, LOG);
  expect({ ...decided, entry: decided.entry && { ...decided.entry } }).toEqual({
    ...carry,
    entry: carry.verdict === 'different' ? { ...rebuilt } : carry.entry,
  });
});
