import { expect, it } from 'vitest';
import { decideGate } from './decide-gate.js';

const count = (compared: number, differences: number, deletions = 0, unit = 'acme/crm/contact') => ({
  unit,
  compared,
  differences,
  deletions,
});

it.each([
  ['none', [count(1_000, 0)], undefined],
  ['few of a few', [count(20, 20)], undefined],
  ['just the share', [count(1_000, 50)], undefined],
  ['more than the share', [count(1_000, 51)], 'percent'],
  ['more than the share over all entities', [count(500, 40), count(500, 11, 0, 'acme/crm/deal')], 'percent'],
  ['few deletions', [count(100, 10, 10)], undefined],
  ['more deletions than a fifth of the share', [count(1_000, 11, 11)], 'deletions'],
  ['as many deletions, among many records', [count(1_100, 11, 11)], undefined],
  ['all that there is of a small entity', [count(3, 3, 3), count(9_000, 0, 0, 'acme/crm/deal')], 'deletions'],
  ['one record that was all', [count(1, 1, 1)], undefined],
])('%s', (_, counts, question) => {
  expect(decideGate(counts, { maxPercent: 5 })?.question).toBe(question);
});

it('says what would happen', () => {
  expect(decideGate([count(1_000, 60)], { maxPercent: 5 })?.why).toBe('60 of 1000 records differ, more than 5 %');
  expect(decideGate([count(4, 2, 2)], { maxPercent: 5 })?.why).toBe(
    '2 of 4 records of acme/crm/contact would be deleted',
  );
});
