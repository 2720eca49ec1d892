import { ReconcileConfig } from '@crm-mesh/config';
import { expect, it } from 'vitest';
import { Connections } from '../../connections/connections.js';
import { findDueMs, readScheduledPairs } from './schedule.js';

const HOUR = 3_600_000;
const NIGHTLY = { schedule: { cron: '0 3 * * *' }, jitterMs: 0 };
const HOURLY = { schedule: { everyMs: HOUR }, jitterMs: 0 };
const noon = Date.parse('2026-01-31T12:00:00Z');
const at = (text: string): number => Date.parse(text);

it.each([
  ['an interval that was never begun is over', HOURLY, undefined, noon],
  ['an interval counts from the last begin', HOURLY, noon - 1_000, noon - 1_000 + HOUR],
  ['an interval that is over since long', HOURLY, noon - 9 * HOUR, noon - 8 * HOUR],
  ['a cron that was never begun comes as it comes', NIGHTLY, undefined, at('2026-02-01T03:00:00Z')],
  ['a cron that was begun', NIGHTLY, at('2026-01-31T03:00:00Z'), at('2026-02-01T03:00:00Z')],
  ['a cron that was missed', NIGHTLY, at('2026-01-30T03:00:00Z'), at('2026-01-31T03:00:00Z')],
])('%s', (_, pair, lastMs, expected) => {
  expect(findDueMs(pair, { lastMs, sinceMs: noon, random: 0.5 })).toBe(expected);
});

it('waits a little longer, by chance', () => {
  const pair = { ...HOURLY, jitterMs: 10_000 };
  expect(findDueMs(pair, { lastMs: noon, sinceMs: noon, random: 0.5 })).toBe(noon + HOUR + 5_000);
});

const none = new Connections([]);

it('reads what mesh.yaml says of connections and plugins', () => {
  const own = Object.assign(new ReconcileConfig(), { cron: '0 3 * * *', repair: true });
  const connections = [{ tenant: 'acme', name: 'crm', source: 'crm', config: {}, reconcile: own }];
  const plugins = {
    table: { reconcile: { every: '1h', maxPercent: 2 } },
    off: { enabled: false, reconcile: {} },
    none: {},
  };
  const pairs = readScheduledPairs({ connections, plugins }, none);
  expect(pairs.map(({ request, schedule }) => [request.pair, request.repair, request.budget, schedule])).toEqual([
    ['acme/crm', true, { maxRepairs: 10_000, maxCalls: 100_000, maxPercent: 5 }, { cron: '0 3 * * *' }],
    ['table', false, { maxRepairs: 10_000, maxCalls: 100_000, maxPercent: 2 }, { everyMs: HOUR }],
  ]);
});

it('begins nothing where only the grace is said', () => {
  const own = Object.assign(new ReconcileConfig(), { grace: 5_000 });
  const connections = [{ tenant: 'acme', name: 'crm', source: 'crm', config: {}, reconcile: own }];
  expect(readScheduledPairs({ connections, plugins: {} }, none)).toEqual([]);
});

it.each([
  [{ every: '1h', cron: '0 3 * * *' }, 'plugins.table.reconcile needs either'],
  [{}, 'plugins.table.reconcile needs either'],
  [{ cron: 'never' }, 'plugins.table.reconcile.cron is no schedule'],
  [{ every: '1s' }, 'plugins.table.reconcile.every must be 1m or more'],
  [{ every: '1h', maxPercent: 200 }, 'plugins.table.reconcile.maxPercent'],
  ['nightly', 'plugins.table.reconcile must be a map'],
])('refuses %j', (reconcile, message) => {
  expect(() => readScheduledPairs({ connections: [], plugins: { table: { reconcile } } }, none)).toThrow(message);
});
