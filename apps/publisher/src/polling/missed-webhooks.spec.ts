import type { Notification } from '@crm-mesh/contract';
import { defineSource } from '@crm-mesh/sdk';
import { expect, it } from 'vitest';
import { openConnections } from '../connections/open-connections.js';
import { makeNotification } from '../normaliser/folded.fixture.js';
import { quietLog as log } from '../publisher.fixture.js';
import { MissedWebhooks } from './missed-webhooks.js';

class NoConfig {}

const source = defineSource<object>({
  name: 'crm',
  config: NoConfig,
  verify: () => ({ ok: true, scheme: 'x' }),
  split: () => [],
  map: () => ({ state: 'deleted' }),
  poll: { entities: () => ['deal'], page: () => Promise.resolve({ drafts: [] }) },
});

type Sign = [
  atMs: number,
  kind: 'event' | 'same',
  part: { origin: Notification['origin']; changed?: number; id?: string },
];

/** What is counted of a connection whose webhooks have 100 ms, for a process that began at 1,000. */
async function count(signs: readonly Sign[], webhookGrace = 100) {
  let nowMs = 1_000;
  const now = (): number => nowMs;
  const poll = { every: 60_000, lookBack: 0, webhookGrace };
  const configured = [{ tenant: 'acme', name: 'crm', source: 'crm', config: {}, poll }];
  const connections = await openConnections({
    configured,
    sources: [source],
    publicUrl: () => '',
    cacheFolder: '',
    log,
    now,
  });
  const missed = new MissedWebhooks({ connections, now, onMissed: () => undefined });
  for (const [atMs, kind, { origin, changed, id = '7' }] of signs) {
    nowMs = atMs;
    const modifiedAt = changed === undefined ? {} : { modifiedAt: new Date(changed).toISOString() };
    const notification = makeNotification({ origin, id, ...modifiedAt });
    if (kind === 'event') missed.noteEvent(notification);
    missed.noteSigns([notification]);
  }
  nowMs = 9_999_999;
  missed.sweep();
  const { counts } = connections.all[0]!;
  return [counts.events, counts.missed];
}

it.each<[name: string, signs: Sign[], expected: number[]]>([
  ['a webhook came first', [[2_010, 'event', { origin: 'webhook', changed: 2_000 }]], [1, 0]],
  ['no webhook came', [[2_010, 'event', { origin: 'poll', changed: 2_000 }]], [1, 1]],
  [
    'the webhook came in its time, after the poll',
    [
      [2_010, 'event', { origin: 'poll', changed: 2_000 }],
      [2_050, 'same', { origin: 'webhook', changed: 2_000 }],
    ],
    [1, 0],
  ],
  [
    'it came too late',
    [
      [2_010, 'event', { origin: 'poll', changed: 2_000 }],
      [5_000, 'same', { origin: 'webhook', id: '8' }],
      [5_001, 'same', { origin: 'webhook', changed: 2_000 }],
    ],
    [1, 1],
  ],
  [
    'that of another record came',
    [
      [2_010, 'event', { origin: 'poll', changed: 2_000 }],
      [2_020, 'same', { origin: 'webhook', id: '8', changed: 2_000 }],
    ],
    [1, 1],
  ],
  ['it happened before we began', [[2_010, 'event', { origin: 'poll', changed: 900 }]], [1, 0]],
  ['nobody knows when it happened', [[2_010, 'event', { origin: 'poll' }]], [1, 0]],
  ['a backfill says nothing', [[2_010, 'event', { origin: 'backfill', changed: 2_000 }]], [0, 0]],
])('%s', async (_name, signs, expected) => {
  expect(await count(signs)).toEqual(expected);
});

it('counts nothing where nobody sends webhooks', async () => {
  expect(await count([[2_010, 'event', { origin: 'poll', changed: 2_000 }]], 0)).toEqual([0, 0]);
});
