import type { Contest, OpenOptions } from '../src/bench-case.js';
import { EVENT_HEADERS, makeEvents } from '../src/crm-messages.js';
import type { EffectsTold } from '../src/effects.js';
import { expectCount, Ground } from '../src/ground.js';
import type { HostOptions } from '../src/host-server.js';
import { runWindow } from '../src/run-window.js';
import type { Worker } from '../src/worker.js';
import { PUBLISH_WINDOW } from './publish.js';
import { startServer } from './webhook.js';

const LIMIT_MS = 120_000;
const DURABLE = 'bench';

/** A process that follows CRM_EVENTS by a durable. */
export interface Follower {
  worker: Worker;
  durable: string;
}

export interface DrainOptions extends Pick<HostOptions, 'delivery' | 'batches'> {
  /** Events of each record, one after the other. Default 1. */
  perRecord?: number;
  /** Where the host keeps what it remembers; default: a SQLite file. */
  openStore?(ground: Ground): Promise<string>;
}

/** The host against the stock client: each drains the same number of events, while the other is paused. */
export async function openDrain(
  { events, profileDir }: OpenOptions,
  { perRecord = 1, openStore, ...host }: DrainOptions,
): Promise<Contest> {
  const ground = await Ground.open();
  const store = await openStore?.(ground);
  const ours = await openHostFollower(ground, profileDir, { ...host, ...(store ? { store } : {}) });
  const reference = await openFollower(ground, await startServer(ground, 'references/raw-consume'), {
    durable: 'raw',
    natsUrl: ground.natsUrl,
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

export async function openHostFollower(
  ground: Ground,
  profileDir: string | undefined,
  options: Omit<HostOptions, 'natsUrl' | 'folder'>,
): Promise<Follower> {
  const worker = await startServer(ground, 'src/host-server', { profileDir });
  const whole: HostOptions = { natsUrl: ground.natsUrl, folder: ground.temp.path, ...options };
  return openFollower(ground, worker, { durable: DURABLE, ...whole });
}

async function openFollower(
  ground: Ground,
  worker: Worker,
  options: { durable: string; natsUrl: string },
): Promise<Follower> {
  const { durable } = options;
  await worker.call('open', options);
  await ground.waitForDurable('CRM_EVENTS', durable);
  return { worker, durable };
}

/** Nobody follows while the stream is filled, and of the two only one afterwards. */
async function fill(ground: Ground, messages: ReturnType<typeof makeEvents>, followers: Follower[]): Promise<void> {
  await ground.clear('CRM_EVENTS');
  await prepare(ground, followers);
  await publishAll(ground, messages);
  await ground.expectMessages('CRM_EVENTS', messages.length);
}

/** They pull nothing, and forget what they have counted. */
export async function prepare(ground: Ground, followers: readonly Follower[]): Promise<void> {
  for (const { durable, worker } of followers) {
    await ground.pause('CRM_EVENTS', durable);
    await worker.call('reset');
  }
}

export function publishAll(ground: Ground, messages: ReturnType<typeof makeEvents>): Promise<void> {
  return runWindow(messages.length, PUBLISH_WINDOW, (index) =>
    ground.nats.publish({ ...messages[index]!, headers: EVENT_HEADERS }),
  );
}

/** Events a second, from the first call of the handler until the server has the last settled. */
export async function measureDrain(ground: Ground, { worker, durable }: Follower, events: number): Promise<number> {
  await ground.resume('CRM_EVENTS', durable);
  const settledMs = await ground.waitUntilSettled('CRM_EVENTS', durable, LIMIT_MS);
  const { count, firstMs } = await worker.call<EffectsTold>('effects');
  expectCount(`effects of ${durable}`, count, events);
  return events / (Math.max(1, settledMs - firstMs) / 1_000);
}
