import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchCase, Contest, OpenOptions } from '../src/bench-case.js';
import type { EffectsTold } from '../src/effects.js';
import { expectCount, Ground } from '../src/ground.js';
import type { Worker } from '../src/worker.js';
import { startServer } from './webhook.js';

const PER_SECOND = 1_000;
const LIMIT_MS = 60_000;

/** From when a webhook was due on the socket until the handler was called; the raw way has no HTTP in front. */
export const latency: BenchCase = {
  name: 'latency',
  reference: 'raw publish → consume, two hops',
  unit: 'ms p99',
  goal: { kind: 'ratio-at-most', target: 2 },
  events: 3_000,
  open: openLatency,
};

/** One way through two streams: where it begins, who listens at its end. */
interface Way {
  send(pace: { count: number; perSecond: number; run: string }): Promise<number>;
  end: Worker;
  durable: string;
}

async function openLatency({ events, profileDir }: OpenOptions): Promise<Contest> {
  // Each way has a server of its own: it would hear the other's events else.
  const [ourGround, rawGround] = [await Ground.open(), await Ground.open()];
  const ours = await openOurs(ourGround, profileDir);
  const reference = await openRaw(rawGround);
  let runs = 0;
  return {
    measure: (side) => {
      const run = `l${(runs += 1)}`;
      return side === 'ours'
        ? measureWay(ourGround, ours, { events, run })
        : measureWay(rawGround, reference, { events, run });
    },
    close: async () => {
      await ourGround.close();
      await rawGround.close();
    },
  };
}

async function openOurs(ground: Ground, profileDir: string | undefined): Promise<Way> {
  const folders = ['publisher', 'host'].map((name) => join(ground.temp.path, name));
  for (const folder of folders) mkdirSync(folder);
  const publisher = await startServer(ground, 'src/publisher-server', { profileDir });
  const url = await publisher.call<string>('open', { natsUrl: ground.natsUrl, folder: folders[0] });
  const end = await startServer(ground, 'src/host-server', { profileDir });
  await end.call('open', { natsUrl: ground.natsUrl, folder: folders[1] });
  await ground.waitForDurable('CRM_RAW', 'normaliser');
  const sender = await startServer(ground, 'src/paced-sender');
  return { send: (pace) => sender.call('webhooks', { ...pace, url }), end, durable: 'bench' };
}

async function openRaw(ground: Ground): Promise<Way> {
  const relay = await startServer(ground, 'references/raw-relay');
  await relay.call('open', { natsUrl: ground.natsUrl });
  const end = await startServer(ground, 'references/raw-consume');
  await end.call('open', { natsUrl: ground.natsUrl, durable: 'raw' });
  const sender = await startServer(ground, 'src/paced-sender');
  await sender.call('connect', { natsUrl: ground.natsUrl });
  return { send: (pace) => sender.call('messages', pace), end, durable: 'raw' };
}

/** The 99th percentile, in milliseconds. */
async function measureWay(ground: Ground, way: Way, { events, run }: { events: number; run: string }): Promise<number> {
  await way.end.call('reset');
  await ground.clear('CRM_RAW', 'CRM_EVENTS');
  expectCount('requests', await way.send({ count: events, perSecond: PER_SECOND, run }), events);
  await ground.waitForMessages('CRM_EVENTS', events, LIMIT_MS);
  await ground.waitUntilSettled('CRM_EVENTS', way.durable, LIMIT_MS);
  const { count, latenciesMs } = await way.end.call<EffectsTold>('effects');
  expectCount('effects', count, events);
  expectCount('effects that say when they were due', latenciesMs.length, events);
  return latenciesMs.toSorted((a, b) => a - b)[Math.ceil(0.99 * events) - 1]!;
}
