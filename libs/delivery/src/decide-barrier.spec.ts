import { expect, it } from 'vitest';
import { decideBarrier } from './decide-barrier.js';

it.each([
  ['everything pending is in hand', { held: 7, ackPending: 7 }, { kind: 'open' }],
  ['nothing was pending', { held: 0, ackPending: 0 }, { kind: 'open' }],
  ['some has not come back yet', { held: 3, ackPending: 7 }, { kind: 'wait', excessSinceMs: undefined }],
  ['more than pending, just now', { held: 8, ackPending: 7 }, { kind: 'wait', excessSinceMs: 10_000 }],
  [
    'more than pending, for a while',
    { held: 8, ackPending: 7, excessSinceMs: 6_000 },
    { kind: 'wait', excessSinceMs: 6_000 },
  ],
  ['more than pending, for an ack_wait', { held: 8, ackPending: 7, excessSinceMs: 5_000 }, { kind: 'open-alarmed' }],
  [
    'what the server has forgotten is still in hand',
    { held: 3, ackPending: 3, forgotten: 1 },
    { kind: 'wait', excessSinceMs: undefined },
  ],
])('%s', (_name, view, decision) => {
  const usual = { forgotten: 0, excessSinceMs: undefined, ackWaitMs: 5_000, nowMs: 10_000 };
  expect(decideBarrier({ ...usual, ...view })).toEqual(decision);
});
