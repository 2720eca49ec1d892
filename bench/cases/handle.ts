import type { BenchCase, Contest, OpenOptions } from '../src/bench-case.js';
import { EVENT_HEADERS, makeEvents } from '../src/crm-messages.js';
import type { EffectsTold } from '../src/effects.js';
import { expectCount, Ground } from '../src/ground.js';
import { runWindow } from '../src/run-window.js';
import type { Worker } from '../src/worker.js';
import { PUBLISH_WINDOW } from './publish.js';
import { startServer } from './webhook.js';

const LIMIT_MS = 120_000;
const GOAL = { kind: 'ratio-at-least', target: 0.7 } as const;

/** Canonical event → empty inline handler → settled, in the host as it is; every event of a record of its own. */
export const handle: BenchCase = {
  name: 'handle',
  reference: 'raw callback consume + json() + ack()',
  unit: 'events/s',
  goal: GOAL,
  events: 20_000,
  open: (options) => openHandle(options, 1),
};

/** The same in a worker, as plugins run by default. */
export const handleWorker: BenchCase = {
  ...handle,
  name: 'handle-worker',
  group: 'handle',
  goal: { kind: 'ratio-at-least', target: 0.35 },
  open: (options) => openHandle(options, 1, 'worker'),
};

/** The same with 40 events of each record, one after the other. */
export const handle40: BenchCase = {
  ...handle,
  name: 'handle-40',
  group: 'handle',
  open: (options) => openHandle(options, 40),
};

/** A process that follows CRM_EVENTS by a durable. */
interface Follower {
  worker: Worker;
  durable: string;
}

async function openHandle(
  { events, profileDir }: OpenOptions,
  perRecord: number,
  isolation: 'inline' | 'worker' = 'inline',
): Promise<Contest> {
  const ground = await Ground.open();
  const ours = await openFollower(ground, {
    program: 'src/host-server',
    durable: 'bench',
    // The reference remembers nothing either.
    delivery: { idempotency: 'none', isolation },
    profileDir,
  });
  const reference = await openFollower(ground, {
    program: 'references/raw-consume',
    durable: 'raw',
    profileDir: undefined,
  });
  let runs = 0;
  return {
    measure: async (side) => {
      const [active, other] = side === 'ours' ? [ours, reference] : [reference, ours];
      await fill(ground, makeEvents(events, { run: `h${(runs += 1)}`, perRecord }), [active, other]);
      const rate = await measureDrain(ground, active, events);
      await ground.clear('CRM_EVENTS');
      await ground.resume('CRM_EVENTS', other.durable);
      return rate;
    },
    close: () => ground.close(),
  };
}

interface FollowerOptions {
  program: string;
  durable: string;
  delivery?: object;
  profileDir: string | undefined;
}

async function openFollower(
  ground: Ground,
  { program, durable, delivery, profileDir }: FollowerOptions,
): Promise<Follower> {
  const worker = await startServer(ground, program, { profileDir });
  await worker.call('open', { natsUrl: ground.natsUrl, folder: ground.temp.path, durable, delivery });
  await ground.waitForDurable('CRM_EVENTS', durable);
  return { worker, durable };
}

/** Nobody follows while the stream is filled, and of the two only one afterwards. */
async function fill(ground: Ground, messages: ReturnType<typeof makeEvents>, followers: Follower[]): Promise<void> {
  await ground.clear('CRM_EVENTS');
  for (const { durable, worker } of followers) {
    await ground.pause('CRM_EVENTS', durable);
    await worker.call('reset');
  }
  await runWindow(messages.length, PUBLISH_WINDOW, (index) =>
    ground.nats.publish({ ...messages[index]!, headers: EVENT_HEADERS }),
  );
  await ground.expectMessages('CRM_EVENTS', messages.length);
}

/** Events a second, from the first call of the handler until the server has the last settled. */
async function measureDrain(ground: Ground, { worker, durable }: Follower, events: number): Promise<number> {
  await ground.resume('CRM_EVENTS', durable);
  const settledMs = await ground.waitUntilSettled('CRM_EVENTS', durable, LIMIT_MS);
  const { count, firstMs } = await worker.call<EffectsTold>('effects');
  expectCount(`effects of ${durable}`, count, events);
  return events / (Math.max(1, settledMs - firstMs) / 1_000);
}
