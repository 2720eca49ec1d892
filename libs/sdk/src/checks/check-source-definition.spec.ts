import { describe, expect, it } from 'vitest';
import { checkSourceDefinition } from './check-source-definition.js';

class Config {}
const GOOD = { name: 'my-crm', config: Config, map: () => ({ state: 'deleted' }) };
const NOOP = (): void => undefined;

describe('checkSourceDefinition', () => {
  it.each([
    ['the least', {}],
    ['webhooks', { verify: NOOP, split: NOOP, mediaTypes: ['application/json', '*'], coalesceMs: 0 }],
    [
      'a poll',
      {
        poll: { entities: NOOP, page: NOOP, lagMs: 0, retentionMs: 1 },
        scan: { entities: NOOP, page: NOOP, findWinners: NOOP },
      },
    ],
  ])('passes %s', (_, part) => expect(checkSourceDefinition({ ...GOOD, ...part })).toEqual([]));

  it.each([
    ['name', { name: undefined }, 'is missing', "Write name: 'close'."],
    ['name', { name: 'My CRM' }, '"My CRM" is not allowed', 'lower-case'],
    ['config', { config: undefined }, 'is missing', 'class-validator'],
    ['config', { config: { apiKey: 'x' } }, 'describes no configuration', 'mesh.yaml'],
    ['map', { map: undefined }, 'is missing', 'map({ notification, fetched }, context)'],
    ['fetch', { fetch: 'yes' }, 'is no function', 'leave it out'],
    ['fetchBatchSize', { fetchBatchSize: 0 }, 'is no whole number of 1 or more', 'fetchBatchSize: 100'],
    ['mediaTypes', { mediaTypes: ['JSON'] }, 'is no list of media types', "['application/json']"],
    ['verify', { split: NOOP }, 'is missing beside split', 'Prove who'],
    ['split', { verify: NOOP }, 'is missing beside verify', 'leave verify out'],
    ['poll', { poll: NOOP }, 'is no object', 'entities'],
    ['poll.page', { poll: { entities: NOOP } }, 'is no function', 'poll.page'],
    ['poll.lagMs', { poll: { entities: NOOP, page: NOOP, lagMs: -1 } }, 'is no whole number', 'poll.lagMs'],
    [
      'scan.lagMs',
      { scan: { entities: NOOP, page: NOOP, lagMs: 1 } },
      'is not known',
      'Known are: entities, page, findWinners.',
    ],
    [
      'scan.findWinners',
      { scan: { entities: NOOP, page: NOOP, findWinners: {} } },
      'is no function',
      'Write scan.findWinners as a function, or leave it out.',
    ],
    ['fetchBatchsize', { fetchBatchsize: 5 }, 'is not known', 'Did you mean "fetchBatchSize"?'],
  ])('refuses a wrong %s', (field, part, what, cure) => {
    const problems = checkSourceDefinition({ ...GOOD, ...part }, 'close');
    expect(problems).toMatchObject([{ field }]);
    expect(problems[0]?.what).toContain(what);
    expect(problems[0]?.cure).toContain(cure);
  });
});
