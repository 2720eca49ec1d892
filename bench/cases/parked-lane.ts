import type { BenchCase, Contest, OpenOptions } from '../src/bench-case.js';
import { makeEvents } from '../src/crm-messages.js';
import type { Ground } from '../src/ground.js';
import { measurePaced, openPacedHost } from './paced.js';

const WAITING = 100_000;
const PUBLISHED_AT_ONCE = 1_000;
const LIMIT_MS = 60_000;

/** From when an event was due on the stream until its handler was called, beside a lane of 100,000 that waits. */
export const parkedLane: BenchCase = {
  name: 'parked-lane',
  reference: 'the same host, nothing parked',
  unit: 'ms p99',
  goal: { kind: 'ratio-at-most', target: 2 },
  events: 3_000,
  open: openParkedLane,
};

async function openParkedLane({ events, profileDir }: OpenOptions): Promise<Contest> {
  const [ours, reference] = [await openPacedHost(profileDir), await openPacedHost(profileDir)];
  await parkLane(ours);
  let runs = 0;
  return {
    measure: (side) => measurePaced(side === 'ours' ? ours : reference, { events, run: `p${(runs += 1)}` }),
    close: async () => {
      await ours.ground.close();
      await reference.ground.close();
    },
  };
}

/** One record, whose handler asks for an hour at the first of its events. */
async function parkLane({ ground, durable }: { ground: Ground; durable: string }): Promise<void> {
  const [message] = makeEvents(1, { run: 'parked', custom: { waitMs: 3_600_000 } });
  for (let start = 0; start < WAITING; start += PUBLISHED_AT_ONCE) {
    const ids = Array.from({ length: PUBLISHED_AT_ONCE }, (_, index) => `parked-${start + index}`);
    await Promise.all(ids.map((messageId) => ground.nats.publish({ ...message!, messageId })));
  }
  await ground.waitUntilSettled('CRM_EVENTS', durable, LIMIT_MS);
}
