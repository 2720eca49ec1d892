import type { SourceStatus } from '@crm-mesh/control';
import { expect, it } from 'vitest';
import { renderSources } from '../output/source-tables.js';
import { mergeSources } from './source-status.js';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const base: SourceStatus = {
  ...{ tenant: 'acme', name: 'crm', source: 'hubspot', leads: false, perMinute: 1, polls: [], unread: [] },
  listens: { webhook: '/webhooks/acme/crm', poll: 'every 60000 ms' },
};
const polls = [{ work: 'poll' as const, entity: 'deal', state: 'waiting' as const, failures: 0 }];

it('takes what is read from whoever reads it, and adds up what all have counted', () => {
  const first = { ...base, lastNotificationAt: '2026-01-01T11:00:00Z', webhooks: { events: 3, missed: 0 } };
  const second = { ...base, leads: true, holder: 'b', perMinute: 2, polls, webhooks: { events: 7, missed: 2 } };
  expect(mergeSources([[first], [second, { ...base, name: 'shop' }]])).toEqual([
    { ...second, lastNotificationAt: '2026-01-01T11:00:00Z', perMinute: 3, webhooks: { events: 10, missed: 2 } },
    { ...base, name: 'shop' },
  ]);
});

it.each<[name: string, part: Partial<SourceStatus>, expected: string[]]>([
  ['what it listens to', {}, ['acme/crm', 'webhook, every 60000 ms']],
  ['missed webhooks, as a share', { webhooks: { events: 40, missed: 2 } }, ['5 % (2 of 40)']],
  ['no events', { webhooks: { events: 0, missed: 0 } }, ['acme/crm']],
  ['what is left of its limits', { quota: { dailyRemaining: 900, dailyLimit: 1_000 } }, ['900 of 1,000']],
  [
    'a poll that fails',
    {
      leads: true,
      polls: [
        {
          ...{ work: 'poll', entity: 'deal', state: 'failing', failures: 3, coveredTo: '2026-01-01T11:00:00Z' },
          error: { at: '2026-01-01T11:59:00Z', message: 'the CRM says 503' },
        },
      ],
    },
    ['deal', 'failing', '60 min ago', 'the CRM says 503'],
  ],
  [
    'what waits',
    { leads: true, polls: [{ work: 'poll', entity: 'deal', state: 'held-back', heldBack: 'NATS is away' }] },
    ['held-back', 'NATS is away'],
  ],
  ['what may be missing', { polls: [{ ...polls[0]!, mayMiss: { from: 'A', to: 'B' } }] }, ['deletions from A to B']],
  [
    'a backfill',
    {
      backfill: {
        ...{ run: 'r', by: 'ann', begunMs: NOW, perMinute: 60, leftMs: 60_000 },
        entities: [{ entity: 'deal', records: 40, total: 100 }],
      },
    },
    ['backfill', 'deal 40 of 100', '60 a minute', '60 s left'],
  ],
  [
    'a stream that lost its place',
    { subscription: { takenAt: '2026-01-01T11:00:00Z', lost: { at: '2026-01-01T11:30:00Z', why: 'too old' } } },
    ['subscription', 'lost its place 30 min ago: too old'],
  ],
])('shows %s', (_name, part, expected) => {
  const text = renderSources([{ ...base, ...part }], NOW);
  for (const one of expected) expect(text).toContain(one);
});
