import { describe, expect, it } from 'vitest';
import { createContext } from '../../test/context.js';
import { KeptReads } from './kept-reads.js';

function open(clock = { nowMs: 1_000_000 }) {
  const asked: string[] = [];
  const crm: Record<string, string> = { new: 'New' };
  let isAway = false;
  const reads = new KeptReads<object, Record<string, string>>({
    keepMs: 600_000,
    ask: (key) => {
      asked.push(key);
      return isAway ? Promise.reject(new Error('away')) : Promise.resolve({ ...crm });
    },
  });
  const context = createContext({}, { now: () => clock.nowMs });
  const find = (name: string, own = context) => reads.find('stages', own, (stages) => stages[name]);
  return { reads, find, context, asked, crm, clock, turn: (away: boolean) => void (isAway = away) };
}

describe('what is kept', () => {
  it('is asked for once, however many wait, until it is too old', async () => {
    const { find, asked, clock } = open();
    await Promise.all(Array.from({ length: 20 }, () => find('new')));
    clock.nowMs += 599_999;
    expect([await find('new'), asked.length]).toEqual(['New', 1]);
    clock.nowMs += 1;
    expect([await find('new'), asked.length]).toEqual(['New', 2]);
  });

  it('is asked for anew where something is not in it, every half minute at most', async () => {
    const { find, asked, clock, crm } = open();
    await find('new');
    crm.won = 'Won';
    clock.nowMs += 29_999;
    expect([await find('won'), asked.length]).toEqual([undefined, 1]);
    clock.nowMs += 1;
    expect([await find('won'), asked.length]).toEqual(['Won', 2]);
    await find('gone');
    expect(asked).toHaveLength(2);
  });

  it('is of one connection and one key', async () => {
    const { reads, find, asked, clock, context } = open();
    await find('new');
    await find('new', createContext({}, { now: () => clock.nowMs }));
    await reads.read('fields', context);
    expect(asked).toEqual(['stages', 'stages', 'fields']);
  });

  it('is no failure', async () => {
    const { find, turn } = open();
    turn(true);
    await expect(find('new')).rejects.toThrow('away');
    turn(false);
    expect(await find('new')).toBe('New');
  });
});
