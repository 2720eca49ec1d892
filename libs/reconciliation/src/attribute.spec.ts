import { describe, expect, it } from 'vitest';
import { attribute, ATTRIBUTION, isRepairable, type RecordFacts } from './attribute.js';
import { LABELS, TREATMENTS, type Label } from './label.js';
import { LEGS, MISMATCH_KINDS, type Leg, type MismatchKind } from './mismatch.js';

/** Settled, told to the plugin, and no trace of anything. */
const SETTLED: RecordFacts = {
  ledger: 'present',
  isDead: false,
  isParked: false,
  isInFlight: false,
  isHeard: true,
  wasApplied: false,
  isOlder: false,
};

const label = (leg: Leg, kind: MismatchKind, part: Partial<RecordFacts> = {}): Label =>
  attribute(leg, { kind }, { ...SETTLED, ...part });

describe('leg 1, CRM and ledger', () => {
  it.each<[MismatchKind, Partial<RecordFacts>, Label]>([
    ['missing', { ledger: 'unknown' }, 'never-delivered'],
    ['stale', {}, 'never-delivered'],
    ['extra', {}, 'never-delivered'],
    ['missing', { isInFlight: true }, 'in-flight'],
    ['stale', { isDead: true, isInFlight: true }, 'dead-lettered'],
    ['stale', { isParked: true, isInFlight: true }, 'parked'],
    ['extra', { isDead: true, isParked: true }, 'dead-lettered'],
    ['edited', {}, 'mapping-changed'],
    ['edited', { isInFlight: true, isDead: true }, 'in-flight'],
    ['ahead', {}, 'in-flight'],
    ['duplicate', {}, 'in-flight'],
  ])('%s, %j: %s', (kind, facts, expected) => {
    expect(label('crm', kind, facts)).toBe(expected);
  });
});

describe('leg 2, ledger and plugin', () => {
  it.each<[MismatchKind, Partial<RecordFacts>, Label]>([
    ['missing', {}, 'acked-not-applied'],
    ['missing', { wasApplied: true }, 'deleted-downstream'],
    ['missing', { isHeard: false }, 'filtered-out'],
    ['missing', { isHeard: false, wasApplied: true }, 'filtered-out'],
    ['missing', { isInFlight: true, wasApplied: true }, 'in-flight'],
    ['missing', { isParked: true }, 'parked'],
    ['missing', { isDead: true, isParked: true, isInFlight: true }, 'dead-lettered'],
    ['stale', {}, 'acked-not-applied'],
    ['stale', { wasApplied: true }, 'edited-downstream'],
    ['stale', { isHeard: false }, 'filtered-out'],
    ['stale', { isInFlight: true }, 'in-flight'],
    ['stale', { isDead: true }, 'dead-lettered'],
    ['stale', { isParked: true }, 'parked'],
    ['ahead', {}, 'edited-downstream'],
    ['ahead', { isInFlight: true }, 'in-flight'],
    ['edited', {}, 'edited-downstream'],
    ['edited', { isDead: true, isParked: true, isHeard: false }, 'edited-downstream'],
    ['edited', { isInFlight: true }, 'in-flight'],
    ['edited', { isOlder: true }, 'acked-not-applied'],
    ['edited', { isOlder: true, isDead: true }, 'dead-lettered'],
    ['extra', { ledger: 'unknown', isHeard: false }, 'created-downstream'],
    ['extra', { ledger: 'untold', isHeard: false }, 'created-downstream'],
    ['extra', { ledger: 'gone' }, 'acked-not-applied'],
    ['extra', { ledger: 'gone', isDead: true }, 'dead-lettered'],
    ['extra', { ledger: 'gone', isParked: true }, 'parked'],
    ['extra', { ledger: 'gone', isInFlight: true }, 'in-flight'],
    ['extra', { ledger: 'gone', isHeard: false }, 'filtered-out'],
    ['extra', { ledger: 'gone', wasApplied: true }, 'created-downstream'],
    ['extra', { ledger: 'present', isInFlight: true }, 'in-flight'],
    ['duplicate', { isDead: true }, 'duplicate-downstream'],
  ])('%s, %j: %s', (kind, facts, expected) => {
    expect(label('plugin', kind, facts)).toBe(expected);
  });
});

it('has a label for whatever may come', () => {
  const flags = ['isDead', 'isParked', 'isInFlight', 'isHeard', 'wasApplied', 'isOlder'] as const;
  for (const leg of LEGS)
    for (const kind of MISMATCH_KINDS)
      for (const ledger of ['unknown', 'untold', 'present', 'gone'] as const)
        for (let bits = 0; bits < 1 << flags.length; bits += 1) {
          const facts = Object.fromEntries(flags.map((flag, at) => [flag, (bits & (1 << at)) !== 0]));
          expect(LABELS).toHaveProperty(label(leg, kind, { ledger, ...facts }));
        }
});

it.each<[MismatchKind, RecordFacts['ledger'], boolean]>([
  ['missing', 'present', true],
  ['stale', 'present', true],
  ['ahead', 'present', true],
  ['edited', 'present', true],
  ['extra', 'gone', true],
  ['extra', 'unknown', false],
  ['extra', 'untold', false],
  ['duplicate', 'present', false],
])('of what is %s and %s in the ledger: can it be repaired? %s', (kind, ledger, expected) => {
  expect(isRepairable({ kind }, { ledger })).toBe(expected);
  // The table for people says no more than that.
  const treatment = TREATMENTS[label('plugin', kind, { ledger })];
  expect(treatment).toMatch(expected ? /^repaired/ : /only named$/);
});

it('can give each label', () => {
  expect(new Set(ATTRIBUTION.map((rule) => rule.label))).toEqual(new Set(Object.keys(LABELS)));
});
