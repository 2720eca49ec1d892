import type { Fate } from '@crm-mesh/control';
import { expect, it } from 'vitest';
import { judgeNotification, type CauseView, type NotificationView } from './judge-notification.js';

/** Notification 10, stored at 1,000, which speaks of the time 500. */
const view = (part: Partial<NotificationView> = {}): NotificationView => ({
  ...{ sequence: 10, storedAtMs: 1_000, messageId: 'own', change: 'updated', statedAtMs: 500 },
  ...{ verdict: 'settled', isRepeated: false, ...part },
});

/** Version 1, told at 900 of the time 400. */
const event = (part: Partial<CauseView> = {}): CauseView => {
  return { version: 1, storedAtMs: 900, atMs: 400, causationId: 'other', gathered: [], ...part };
};

it.each<[name: string, view: NotificationView, events: CauseView[], fate: Fate]>([
  ['made an event', view(), [event(), event({ version: 2, causationId: 'own' })], { fate: 'told', version: 2 }],
  [
    'was gathered with another',
    view(),
    [event(), event({ version: 2, storedAtMs: 1_100, gathered: [9, 10] })],
    { fate: 'told-together', version: 2 },
  ],
  [
    'has the sequence of one that was gathered in a stream that is gone',
    view(),
    [event({ gathered: [10] })],
    { fate: 'dropped', reason: 'same' },
  ],
  [
    'was said before',
    view({ isRepeated: true }),
    [event({ causationId: 'own' })],
    { fate: 'dropped', reason: 'duplicate' },
  ],
  ['is older than what was told before it came', view(), [event({ atMs: 600 })], { fate: 'dropped', reason: 'stale' }],
  [
    'is older than what came before it and was told after',
    view(),
    [event({ atMs: 600, storedAtMs: 1_050, causeSequence: 9 })],
    { fate: 'dropped', reason: 'stale' },
  ],
  [
    'is older than what came later: that says nothing',
    view(),
    [event(), event({ version: 2, atMs: 600, storedAtMs: 1_050, causeSequence: 11 })],
    { fate: 'dropped', reason: 'same' },
  ],
  [
    'does not say of when it speaks',
    view({ statedAtMs: undefined }),
    [event({ atMs: 600 })],
    { fate: 'dropped', reason: 'same' },
  ],
  ['has nothing new in it', view(), [event()], { fate: 'dropped', reason: 'same' }],
  ['speaks of who was swallowed', view(), [event({ mergedInto: '9' })], { fate: 'dropped', reason: 'merged' }],
  ['ends what nobody knew', view({ change: 'deleted' }), [], { fate: 'dropped', reason: 'unknown-deleted' }],
  ['no event is kept of its time', view(), [], { fate: 'dropped', reason: 'unknown' }],
  ['was not given yet', view({ verdict: 'waiting' }), [], { fate: 'waiting' }],
  ['is in hand', view({ verdict: 'in-hand' }), [], { fate: 'waiting' }],
  ['waits in the store', view({ verdict: 'parked' }), [event()], { fate: 'parked' }],
  ['is a dead letter', view({ verdict: 'dead' }), [event()], { fate: 'dead' }],
  ['its dead letter was dropped', view({ verdict: 'closed' }), [event()], { fate: 'closed' }],
])('%s', (_name, seen, events, fate) => {
  expect(judgeNotification(seen, events)).toEqual(fate);
});
