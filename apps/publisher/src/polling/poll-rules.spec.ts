import { PollConfig, type ConnectionConfig } from '@crm-mesh/config';
import { PermanentError, RetryLater, Unavailable, defineSource } from '@crm-mesh/sdk';
import { describe, expect, it } from 'vitest';
import { decidePressure } from './decide-pressure.js';
import { decideWaitMs } from './decide-wait.js';
import { chooseJitterMs, findNextMs, readPollRules } from './poll-rules.js';

class NoConfig {}

const source = defineSource<object>({
  name: 'shop',
  config: NoConfig,
  map: () => ({ state: 'deleted' }),
  poll: { entities: () => ['deal', 'contact'], lagMs: 5, page: () => Promise.resolve({ drafts: [] }) },
});
const read = (poll: Partial<PollConfig>, of = source) =>
  readPollRules({ poll: Object.assign(new PollConfig(), poll) } as ConnectionConfig, of, {
    config: {},
    path: 'p.poll',
  });

describe('poll rules', () => {
  it('are what mesh.yaml and the source say, with defaults', () => {
    expect(read({ every: 60_000 })).toMatchObject({
      entities: ['deal', 'contact'],
      schedule: { everyMs: 60_000 },
      ...{ lookBackMs: 3_600_000, lagMs: 5, overlapMs: 60_000, longestWindowMs: Infinity, retentionMs: Infinity },
    });
    expect(read({ cron: '*/5 * * * *', entities: ['deal'] })).toMatchObject({ entities: ['deal'] });
    expect(readPollRules({}, source, { config: {}, path: 'p' })).toBeUndefined();
  });

  it.each([
    ['neither every nor cron', {}, 'p.poll needs either'],
    ['both', { every: 60_000, cron: '* * * * *' }, 'p.poll needs either'],
    ['no cron', { cron: 'soon' }, 'p.poll.cron is no schedule'],
    ['a day that never comes', { cron: '0 0 31 2 *' }, 'p.poll.cron never comes'],
    ['an unknown entity', { every: 60_000, entities: ['note'] }, 'p.poll.entities names "note"'],
  ])('refuse %s', (_name, poll, message) => {
    expect(() => read(poll)).toThrow(message);
  });

  it('refuse a source that cannot be polled', () => {
    const plain = defineSource<object>({ name: 'plain', config: NoConfig, map: () => ({ state: 'deleted' }) });
    expect(() => read({ every: 60_000 }, plain)).toThrow('the source "plain" cannot be polled');
  });
});

const at = (text: string): number => Date.parse(`2026-01-01T${text}Z`);

it.each([
  ['an interval', { everyMs: 60_000 }, '10:00:07', '10:01:07'],
  ['cron, in UTC', { cron: '*/5 * * * *' }, '10:00:07', '10:05:00'],
  ['cron on its own minute', { cron: '*/5 * * * *' }, '10:05:00', '10:10:00'],
])('the next poll by %s', (_name, schedule, begun, next) => {
  expect(findNextMs(schedule, at(begun))).toBe(at(next));
});

it.each([
  [{ schedule: { everyMs: 60_000 } }, 6_000],
  [{ schedule: { cron: '0 0 * * *' } }, 30_000],
  [{ schedule: { everyMs: 60_000 }, jitterMs: 0 }, 0],
])('jitter of %o', (rules, expected) => {
  expect(chooseJitterMs(rules, at('00:00:00'))).toBe(expected);
});

it.each([
  ['as told by RetryLater', new RetryLater(7_000), 3, 7_000],
  ['as told by Unavailable', new Unavailable('down', { retryAfterMs: 9_000 }), 1, 9_000],
  ['longer with each failure', new Unavailable('down'), 3, 4_000],
  ['at most five minutes', new Error('x'), 99, 300_000],
  ['also for what no retry mends: somebody may mend it', new PermanentError('gone'), 1, 1_000],
])('waits %s', (_name, error, failures, expected) => {
  expect(decideWaitMs(error, failures, 0.5)).toBe(expected);
});

const EMPTY = { pending: 0, messages: 0, bytes: 0, maxMessages: 0, maxBytes: 0 };
it.each([
  ['nothing waits', {}, 'live', undefined],
  ['a live poll goes on', { pending: 9_999 }, 'live', undefined],
  ['the normaliser is behind', { pending: 10_000 }, 'live', 'the normaliser is 10000 notifications behind'],
  ['a backfill stops early', { pending: 2_000 }, 'backfill', 'the normaliser is 2000 notifications behind'],
  ['many messages, no limit', { messages: 1e9, bytes: 1e12 }, 'live', undefined],
  ['near its messages', { messages: 90, maxMessages: 100 }, 'live', 'CRM_RAW is at 90 % of its limit'],
  ['near its bytes', { bytes: 81, maxBytes: 100 }, 'repair', 'CRM_RAW is at 81 % of its limit'],
  ['far enough', { bytes: 81, maxBytes: 100 }, 'live', undefined],
] as const)('pressure: %s', (_name, state, urgency, expected) => {
  expect(decidePressure({ ...EMPTY, ...state }, urgency)).toBe(expected);
});
