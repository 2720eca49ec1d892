import { describe, expect, it } from 'vitest';
import { countSuperseded, type WaitingEvent } from './superseded.js';

/** `updated.a` is an event of CRM_EVENTS, `>updated.a` one that was sent directly. */
function waiting(text: string): WaitingEvent[] {
  return text
    .split(' ')
    .filter(Boolean)
    .map((word) => ({
      stream: word.startsWith('>') ? 'CRM_DIRECT' : 'CRM_EVENTS',
      subject: `crm.acme.hubspot.deal.${word.replace('>', '')}`,
    }));
}

describe('of the oldest events of a lane are passed over', () => {
  it.each([
    ['none of an empty lane', '', 0],
    ['not the only one', 'updated.a', 0],
    ['an update for the next', 'updated.a updated.a', 1],
    ['a run of updates for its last', 'updated.a updated.a updated.a updated.a', 3],
    ['updates up to another action', 'updated.a updated.a won.a updated.a', 1],
    ['no update for another action, which may not do what an update does', 'updated.a won.a', 0],
    ['nothing that is said once', 'won.a updated.a updated.a', 0],
    ['no two of an action that is a step by itself', 'stage-changed.a stage-changed.a', 0],
    ['no created, though the update repeats it', 'created.a updated.a', 0],
    ['none for one behind another record of the same lane', 'updated.a updated.b updated.a', 0],
    ['updates of one record before another of the lane', 'updated.a updated.a updated.b', 1],
    ['nothing for what was sent directly: it may be older', 'updated.a >updated.a', 0],
    ['nothing that was sent directly', '>updated.a >updated.a', 0],
    ['what an id that looks like an action hides: nothing', 'won.updated won.updated', 0],
  ])('%s', (_what, lane, count) => {
    const oldest = waiting(lane);
    expect(countSuperseded({ oldest, waitingCount: oldest.length, afterEvents: 2 })).toBe(count);
  });

  it.each([
    [0, 9, 0],
    [1, 3, 2],
    [3, 3, 2],
    [4, 3, 0],
    [100, 100, 2],
  ])('with afterEvents %i, where %i wait: %i of three', (afterEvents, waitingCount, count) => {
    const oldest = waiting('updated.a updated.a updated.a');
    expect(countSuperseded({ oldest, waitingCount, afterEvents })).toBe(count);
  });
});
