import { expect, it } from 'vitest';
import type { PollRules } from '../../polling/poll-rules.js';
import { chooseGraceMs } from './choose-grace.js';

const MINUTE_MS = 60_000;
const nowMs = Date.parse('2026-03-24T12:00:00Z');
const rules = (schedule: PollRules['schedule']): PollRules => ({
  ...{ entities: ['deal'], schedule, jitterMs: 0, lookBackMs: 0, lagMs: 5_000 },
  ...{ overlapMs: 0, longestWindowMs: Infinity, retentionMs: Infinity },
});
const split = (): never[] => [];

it.each<[string, Parameters<typeof chooseGraceMs>[0], number]>([
  ['webhooks', { source: { split } }, MINUTE_MS],
  ['webhooks that may be late', { source: { split }, webhookGraceMs: 2 * MINUTE_MS }, 2 * MINUTE_MS],
  ['webhooks and polls', { source: { split }, poll: rules({ everyMs: MINUTE_MS }) }, MINUTE_MS],
  ['polls alone', { source: {}, poll: rules({ everyMs: 2 * MINUTE_MS }) }, 3 * MINUTE_MS + 5_000],
  ['polls at night', { source: {}, poll: rules({ cron: '0 3 * * *' }) }, 15 * MINUTE_MS],
  ['whatever comes, as mesh.yaml says', { source: {}, reconcileGraceMs: 5_000, webhookGraceMs: 2 * MINUTE_MS }, 5_000],
  ['nothing but backfills', { source: {} }, MINUTE_MS],
])('%s', (_, told, expected) => expect(chooseGraceMs(told, nowMs)).toBe(expected));
