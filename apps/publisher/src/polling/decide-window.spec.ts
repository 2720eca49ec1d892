import { describe, expect, it } from 'vitest';
import { beginWindow, isDue, takePage, type PollState, type WindowRules } from './decide-window.js';
import { openHole } from './repairs.js';

const RULES: WindowRules = {
  lookBackMs: 1_000,
  lagMs: 0,
  overlapMs: 10,
  longestWindowMs: Infinity,
  retentionMs: Infinity,
};
const NOW = 10_000;

const BEGINNINGS: [name: string, state: PollState, rules: Partial<WindowRules>, expected: PollState | undefined][] = [
  ['the first looks back', {}, {}, { begunMs: NOW, open: { fromMs: 9_000, toMs: NOW } }],
  ['its end stays behind now', {}, { lagMs: 100 }, { begunMs: NOW, open: { fromMs: 8_900, toMs: 9_900 } }],
  ['without a look back it still begins', {}, { lookBackMs: 0 }, { begunMs: NOW, open: { fromMs: 9_999, toMs: NOW } }],
  [
    'the next overlaps the last',
    { coveredMs: 9_500 },
    {},
    { coveredMs: 9_500, begunMs: NOW, open: { fromMs: 9_490, toMs: NOW } },
  ],
  [
    'a long absence is cut into windows',
    { coveredMs: 2_000 },
    { longestWindowMs: 1_000 },
    { coveredMs: 2_000, begunMs: NOW, open: { fromMs: 1_990, toMs: 2_990, isCut: true } },
  ],
  [
    'an overlap as long as a window leaves a way on',
    { coveredMs: 2_000 },
    { longestWindowMs: 10 },
    { coveredMs: 2_000, begunMs: NOW, open: { fromMs: 1_995, toMs: 2_005, isCut: true } },
  ],
  [
    'those that follow at once leave the schedule alone',
    { coveredMs: 2_990, begunMs: 9_000, isBehind: true },
    { longestWindowMs: 1_000 },
    { coveredMs: 2_990, begunMs: 9_000, isBehind: true, open: { fromMs: 2_980, toMs: 3_980, isCut: true } },
  ],
  [
    'away for longer than deletions are known',
    { coveredMs: 2_000 },
    { retentionMs: 3_000 },
    { coveredMs: 2_000, begunMs: NOW, open: { fromMs: 1_990, toMs: NOW }, mayMiss: { fromMs: 2_000, toMs: 7_000 } },
  ],
  ['nothing has passed', { coveredMs: NOW }, {}, undefined],
  ['a clock that went back', { coveredMs: NOW + 5 }, {}, undefined],
];

it.each(BEGINNINGS)('%s', (_name, state, rules, expected) => {
  expect(beginWindow(state, { ...RULES, ...rules }, NOW)).toEqual(expected);
});

const open = { fromMs: 1_000, toMs: 2_000 };
const PAGES: [name: string, state: PollState, page: { cursor?: string; coveredToMs?: number }, expected: PollState][] =
  [
    ['there is more', { open }, { cursor: 'b' }, { open: { ...open, cursor: 'b' }, polledMs: NOW }],
    ['that was all', { begunMs: 5, open }, {}, { begunMs: 5, coveredMs: 2_000, polledMs: NOW }],
    [
      'that was all of a part',
      { open: { ...open, isCut: true } },
      {},
      { coveredMs: 2_000, polledMs: NOW, isBehind: true },
    ],
    ['the last part', { coveredMs: 1_010, isBehind: true, open }, {}, { coveredMs: 2_000, polledMs: NOW }],
    ['the CRM covers less', { open }, { coveredToMs: 1_500 }, { coveredMs: 1_500, polledMs: NOW }],
    [
      'an earlier page covered less',
      { open: { ...open, cursor: 'b', coveredToMs: 1_400 } },
      { coveredToMs: 1_800 },
      { coveredMs: 1_400, polledMs: NOW },
    ],
    [
      'and is remembered',
      { open },
      { cursor: 'b', coveredToMs: 1_400 },
      { open: { ...open, cursor: 'b', coveredToMs: 1_400 }, polledMs: NOW },
    ],
    [
      'the CRM is behind in a part: asking again at once gives the same',
      { open: { ...open, isCut: true } },
      { coveredToMs: 1_500 },
      { coveredMs: 1_500, polledMs: NOW },
    ],
    ['it never goes back', { coveredMs: 1_700, open }, { coveredToMs: 1_200 }, { coveredMs: 1_700, polledMs: NOW }],
  ];

it.each(PAGES)('after a page: %s', (_name, state, page, expected) => {
  expect(takePage(state, page, NOW)).toEqual(expected);
});

it.each([
  ['an open window goes on', { open }, 99_999, true],
  ['so does what was cut', { isBehind: true as const }, 99_999, true],
  ['its time has come', {}, NOW, true],
  ['its time has not come', {}, NOW + 1, false],
])('%s', (_name, state, dueMs, expected) => {
  expect(isDue(state, dueMs, NOW)).toBe(expected);
});

describe('a hole', () => {
  it.each([
    ['the first', {}, 500, 3_000, { coveredMs: 500, untilMs: 3_000 }],
    [
      'after one that is closed',
      { coveredMs: 2_000, untilMs: 2_000 },
      1_000,
      3_000,
      { coveredMs: 1_000, untilMs: 3_000 },
    ],
    [
      'beside one that is open',
      { coveredMs: 700, untilMs: 2_000, open, begunMs: 1 },
      900,
      3_000,
      { coveredMs: 700, untilMs: 3_000 },
    ],
    ['longer', { coveredMs: 700, untilMs: 2_000, open }, undefined, 3_000, { coveredMs: 700, untilMs: 3_000, open }],
  ])('%s', (_name, state: PollState, fromMs, untilMs, expected) => {
    expect(openHole(state, fromMs, untilMs)).toEqual(expected);
  });
});
