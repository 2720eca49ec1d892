import type { BenchCase, Contest, OpenOptions } from '../src/bench-case.js';
import { makeEvents } from '../src/crm-messages.js';
import type { EffectsTold } from '../src/effects.js';
import { expectCount, Ground } from '../src/ground.js';
import type { Worker } from '../src/worker.js';
import { startServer } from './webhook.js';

const WAITING = 100_000;
const PUBLISHED_AT_ONCE = 1_000;
const PER_SECOND = 1_000;
const LIMIT_MS = 60_000;
const DURABLE = 'bench';

/** From when an event was due on the stream until its handler was called, beside a lane of 100,000 that waits. */
export const parkedLane: BenchCase = {
  name: 'parked-lane',
  reference: 'the same host, nothing parked',
  unit: 'ms p99',
  goal: { kind: 'ratio-at-most', target: 2 },
  events: 3_000,
  open: openParkedLane,
};

interface Way {
  ground: Ground;
  host: Worker;
  sender: Worker;
}

async function openParkedLane({ events, profileDir }: OpenOptions): Promise<Contest> {
  const [ours, reference] = [await openWay(profileDir), await openWay(profileDir)];
  await parkLane(ours.ground);
  let runs = 0;
  return {
    measure: (side) => measureWay(side === 'ours' ? ours : reference, { events, run: `p${(runs += 1)}` }),
    close: async () => {
      await ours.ground.close();
      await reference.ground.close();
    },
  };
}

async function openWay(profileDir: string | undefined): Promise<Way> {
  const ground = await Ground.open();
  const host = await startServer(ground, 'src/host-server', { profileDir });
  await host.call('open', { natsUrl: ground.natsUrl, folder: ground.temp.path });
  const sender = await startServer(ground, 'src/paced-sender');
  await sender.call('connect', { natsUrl: ground.natsUrl });
  return { ground, host, sender };
}

/** One record, whose handler asks for an hour at the first of its events. */
async function parkLane(ground: Ground): Promise<void> {
  const [message] = makeEvents(1, { run: 'parked', custom: { waitMs: 3_600_000 } });
  for (let start = 0; start < WAITING; start += PUBLISHED_AT_ONCE) {
    const ids = Array.from({ length: PUBLISHED_AT_ONCE }, (_, index) => `parked-${start + index}`);
    await Promise.all(ids.map((messageId) => ground.nats.publish({ ...message!, messageId })));
  }
  await ground.waitUntilSettled('CRM_EVENTS', DURABLE, LIMIT_MS);
}

/** The 99th percentile, in milliseconds. */
async function measureWay({ ground, host, sender }: Way, { events, run }: { events: number; run: string }) {
  await host.call('reset');
  expectCount('events', await sender.call('events', { count: events, perSecond: PER_SECOND, run }), events);
  await ground.waitUntilSettled('CRM_EVENTS', DURABLE, LIMIT_MS);
  const { count, latenciesMs } = await host.call<EffectsTold>('effects');
  expectCount('effects', count, events);
  expectCount('effects that say when they were due', latenciesMs.length, events);
  return latenciesMs.toSorted((a, b) => a - b)[Math.ceil(0.99 * events) - 1]!;
}
