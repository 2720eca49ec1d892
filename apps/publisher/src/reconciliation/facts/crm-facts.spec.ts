import { attribute, type Mismatch } from '@crm-mesh/reconciliation';
import { expect, it } from 'vitest';
import { weighCrm, type CrmEvidence } from './crm-facts.js';

const record = { tenant: 'acme', connection: 'crm', entity: 'contact', id: '7' };
const NOTHING: CrmEvidence = { entry: undefined, isDead: false, isParked: false, isWaiting: false };
const known = { version: 3, state: 'present' as const, seenAtMs: 5_000, hash: 'a' };
const gone = { ...known, state: 'deleted' as const };
const at = (ms: number): string => new Date(ms).toISOString();

it.each<[string, Partial<Mismatch>, Partial<CrmEvidence>, string]>([
  ['never told', { kind: 'missing', expected: at(1) }, {}, 'never-delivered'],
  ['told meanwhile', { kind: 'missing', expected: at(1) }, { entry: known }, 'in-flight'],
  ['a notification waits', { kind: 'missing' }, { isWaiting: true }, 'in-flight'],
  ['a change that was not told', { kind: 'stale', expected: at(6_000) }, { entry: known }, 'never-delivered'],
  ['a change that came meanwhile', { kind: 'stale', expected: at(5_000) }, { entry: known }, 'in-flight'],
  [
    'a change whose notification is dead',
    { kind: 'stale', expected: at(6_000) },
    { entry: known, isDead: true },
    'dead-lettered',
  ],
  ['a change that is parked', { kind: 'stale', expected: at(6_000) }, { entry: known, isParked: true }, 'parked'],
  ['a deletion that was not told', { kind: 'extra' }, { entry: known }, 'never-delivered'],
  ['a deletion that came meanwhile', { kind: 'extra' }, { entry: gone }, 'in-flight'],
  ['another content', { kind: 'edited', expected: 'b', found: 'a' }, { entry: known }, 'mapping-changed'],
  ['another content, told meanwhile', { kind: 'edited', expected: 'a', found: 'b' }, { entry: known }, 'in-flight'],
])('%s', (_, part, evidence, label) => {
  const mismatch = { record, kind: 'missing', ...part } as Mismatch;
  expect(attribute('crm', mismatch, weighCrm(mismatch, { ...NOTHING, ...evidence }))).toBe(label);
});
