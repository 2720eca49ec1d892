import { describe, expect, it } from 'vitest';
import { judgeItem, judgeStanding, type ItemView, type Standing, type Verdict } from './judge-item.js';

const position = { floor: 5, delivered: 8, start: 0, startMs: 0 };
const view = (part: Partial<ItemView> = {}): ItemView => {
  return { sequence: 7, storedAtMs: 1_000, wanted: true, skipped: false, isDead: false, position, ...part };
};

describe('what a consumer did with a message', () => {
  it.each<[name: string, verdict: Verdict, view: ItemView]>([
    ['a dead letter is open', 'dead', view({ isDead: true, row: { doneAtMs: 1 } })],
    ['its dead letter was dropped', 'closed', view({ lastDeed: 'drop', row: { doneAtMs: 1 } })],
    ['it was superseded', 'superseded', view({ lastDeed: 'superseded', copy: 'done' })],
    ['redriven: as its copy is', 'parked', view({ lastDeed: 'redrive', copy: 'parked', row: { doneAtMs: 1 } })],
    ['it waits in the store', 'parked', view({ row: { lane: 'a', attempts: 3 } })],
    ['the inbox has it', 'done', view({ row: { doneAtMs: 1 } })],
    ['the inbox has it, and it is not listened to any more', 'done', view({ row: { doneAtMs: 1 }, wanted: false })],
    ['it has failed', 'retrying', view({ row: { attempts: 1 } })],
    ['it is not listened to', 'not-its', view({ wanted: false })],
    ['it is of an origin that is passed over', 'skipped', view({ skipped: true, row: { doneAtMs: 1 } })],
    ['there is no place in the stream', 'waiting', view({ position: undefined })],
    ['the consumer began behind it', 'before', view({ position: { ...position, floor: 8, start: 8 } })],
    ['the consumer began later', 'before', view({ position: { ...position, floor: 8, startMs: 2_000 } })],
    ['it lies below the floor', 'settled', view({ sequence: 5 })],
    ['it was given', 'in-hand', view()],
    ['it was not given', 'waiting', view({ sequence: 9 })],
  ])('%s: %s', (_name, verdict, seen) => expect(judgeItem(seen)).toBe(verdict));
});

describe('where a consumer stands', () => {
  it.each<[verdicts: Verdict[], standing: Standing]>([
    [[], 'nothing-for-it'],
    [['not-its', 'skipped', 'before'], 'nothing-for-it'],
    [['done', 'settled', 'not-its'], 'agrees'],
    [['superseded', 'done'], 'agrees'],
    [['dead', 'done'], 'dead'],
    [['parked', 'done'], 'parked'],
    [['done', 'waiting'], 'behind'],
    [['in-hand'], 'behind'],
    [['retrying', 'done'], 'behind'],
    [['done', 'closed'], 'closed'],
    [['closed', 'done'], 'agrees'],
  ])('%j: %s', (verdicts, standing) => expect(judgeStanding(verdicts)).toBe(standing));
});
