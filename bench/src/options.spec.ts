import { describe, expect, it } from 'vitest';
import { chooseCases, parseOptions, UsageError } from './options.js';

const DEFAULTS = {
  only: [],
  rounds: 5,
  json: false,
  help: false,
  events: undefined,
  seen: undefined,
  records: undefined,
  profileDir: undefined,
};

describe('parseOptions', () => {
  it.each([
    [[], {}],
    [['--only', 'publish'], { only: ['publish'] }],
    [['--only', 'publish', '--only=latency,memory'], { only: ['publish', 'latency', 'memory'] }],
    [['--rounds', '7', '--json'], { rounds: 7, json: true }],
    [['--events', '200'], { events: 200 }],
    [['--seen', '5000000'], { seen: 5_000_000 }],
    [['--records', '20000'], { records: 20_000 }],
    [['--profile', 'profiles'], { profileDir: 'profiles' }],
    [['--help'], { help: true }],
  ])('%j', (args, expected) => expect(parseOptions(args)).toEqual({ ...DEFAULTS, ...expected }));

  it.each([
    [['--rounds', '0'], '--rounds'],
    [['--rounds', 'many'], "not 'many'"],
    [['--events', '1.5'], '--events'],
    [['--events', '1000000'], 'to 200000'],
    [['--fast'], '--fast'],
    [['publish'], 'publish'],
  ])('%j is refused', (args, word) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(word);
  });
});

describe('chooseCases', () => {
  const cases: { name: string; group?: string; onlyNamed?: true }[] = [
    { name: 'publish' },
    { name: 'handle' },
    { name: 'handle-40', group: 'handle' },
    { name: 'backfill', onlyNamed: true },
  ];
  it.each([
    [[], ['publish', 'handle', 'handle-40']],
    [['publish'], ['publish']],
    [['backfill'], ['backfill']],
    [['handle'], ['handle', 'handle-40']],
    [
      ['handle-40', 'publish'],
      ['publish', 'handle-40'],
    ],
  ])('%j → %j', (only, expected) => {
    expect(chooseCases(cases, only).map(({ name }) => name)).toEqual(expected);
  });

  it('names what is unknown, and what there is', () => {
    expect(() => chooseCases(cases, ['publish', 'publsh'])).toThrow(
      new UsageError('No case is called publsh; there are: publish, handle, handle-40, backfill.'),
    );
  });
});
