import { attribute, type Mismatch } from '@crm-mesh/reconciliation';
import { describe, expect, it } from 'vitest';
import { weighPlugin, type PluginEvidence, type WeighedEvent } from './weigh-plugin.js';

const record = { tenant: 'acme', connection: 'crm', entity: 'contact', id: '7' };
const mismatch = (part: Partial<Mismatch>): Mismatch => ({ record, kind: 'missing', sequence: 30, ...part });
const event = (version: number, part: Partial<WeighedEvent> = {}): WeighedEvent => ({
  ...{ sequence: version * 10, version, isEnd: false, isTold: true },
  ...part,
});

/** Three events, all of them told and settled. */
const SETTLED: PluginEvidence = {
  entry: { version: 3, sequence: 30, state: 'present' },
  events: [event(1), event(2), event(3)],
  ...{ deadSequences: [], settledUpTo: 100 },
  ...{ isParked: false, isSentDirectly: false, isDone: false, wasEqual: false },
};
const GONE: Partial<PluginEvidence> = {
  entry: { version: 3, sequence: 30, state: 'deleted' },
  events: [event(1), event(2), event(3, { isEnd: true })],
};

describe('from what was gathered to the label', () => {
  it.each<[string, Partial<Mismatch>, Partial<PluginEvidence>, string]>([
    ['swallowed', {}, {}, 'acked-not-applied'],
    ['its row was deleted, its sink knows', {}, { isDone: true }, 'deleted-downstream'],
    ['its row was deleted, the last report knows', {}, { wasEqual: true }, 'deleted-downstream'],
    ['not settled yet', {}, { settledUpTo: 29 }, 'in-flight'],
    ['told anew since', {}, { entry: { version: 4, sequence: 40, state: 'present' } }, 'in-flight'],
    ['a repair is on its way', {}, { isSentDirectly: true }, 'in-flight'],
    ['listens to none of it', {}, { events: [event(1, { isTold: false })] }, 'filtered-out'],
    ['the stream has forgotten all', {}, { events: [] }, 'acked-not-applied'],
    [
      'came back after its end, and that is not told',
      {},
      { events: [event(1), event(2, { isEnd: true }), event(3, { isTold: false })] },
      'filtered-out',
    ],
    ['the newest is dead', { kind: 'stale', found: '2' }, { deadSequences: [30] }, 'dead-lettered'],
    ['only what it holds was dead', { kind: 'stale', found: '2' }, { deadSequences: [10] }, 'acked-not-applied'],
    [
      'the newer ones are not for it',
      { kind: 'stale', found: '1' },
      {
        events: [event(1), event(2, { isTold: false }), event(3, { isTold: false })],
      },
      'filtered-out',
    ],
    [
      'one of the newer ones is',
      { kind: 'stale', found: '1' },
      {
        events: [event(1), event(2), event(3, { isTold: false })],
      },
      'acked-not-applied',
    ],
    ['parked', { kind: 'stale', found: '2' }, { isParked: true }, 'parked'],
    [
      'fields that it once had',
      { kind: 'edited', expected: 'c', found: 'b' },
      {
        events: [event(1, { mark: 'a' }), event(2, { mark: 'b' }), event(3, { mark: 'c' })],
      },
      'acked-not-applied',
    ],
    [
      'fields that it never had',
      { kind: 'edited', expected: 'c', found: 'x' },
      {
        events: [event(1, { mark: 'a' }), event(2, { mark: 'b' }), event(3, { mark: 'c' })],
      },
      'edited-downstream',
    ],
    ['written over', { kind: 'edited', expected: '3', found: '3!' }, {}, 'edited-downstream'],
    ['a version that never was', { kind: 'ahead', expected: '3', found: '9' }, {}, 'edited-downstream'],
    ['its end was swallowed', { kind: 'extra', found: '2' }, GONE, 'acked-not-applied'],
    [
      'its end is not told',
      { kind: 'extra', found: '2' },
      {
        ...GONE,
        events: [event(1), event(2), event(3, { isEnd: true, isTold: false })],
      },
      'filtered-out',
    ],
    ['its end is dead', { kind: 'extra', found: '2' }, { ...GONE, deadSequences: [30] }, 'dead-lettered'],
    [
      'it ended, and somebody made it again',
      { kind: 'extra', found: '2' },
      { ...GONE, isDone: true },
      'created-downstream',
    ],
    [
      'it was made there',
      { kind: 'extra', sequence: undefined },
      { entry: undefined, events: [] },
      'created-downstream',
    ],
    [
      'it was gone before it was ever told',
      { kind: 'extra', sequence: 0 },
      {
        entry: { version: 0, sequence: 0, state: 'deleted' },
        events: [],
      },
      'created-downstream',
    ],
  ] as [string, Partial<Mismatch>, Partial<PluginEvidence>, string][])('%s', (_, part, evidence, label) => {
    const found = mismatch(part);
    expect(attribute('plugin', found, weighPlugin(found, { ...SETTLED, ...evidence }))).toBe(label);
  });
});
