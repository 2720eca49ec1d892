import type { EffectsTold } from '../src/effects.js';
import { expectCount, Ground } from '../src/ground.js';
import type { Worker } from '../src/worker.js';
import { startServer } from './webhook.js';

const PER_SECOND = 1_000;
const LIMIT_MS = 60_000;

/** Events at a steady rate into CRM_EVENTS, and who follows it; each on a server of its own. */
export interface PacedWay {
  ground: Ground;
  sender: Worker;
  end: Worker;
  durable: string;
}

export async function openPacedHost(profileDir: string | undefined): Promise<PacedWay> {
  const ground = await Ground.open();
  const end = await startServer(ground, 'src/host-server', { profileDir });
  await end.call('open', { natsUrl: ground.natsUrl, folder: ground.temp.path });
  const sender = await startServer(ground, 'src/paced-sender');
  await sender.call('connect', { natsUrl: ground.natsUrl });
  return { ground, sender, end, durable: 'bench' };
}

/** The 99th percentile, in milliseconds, from when an event was due on the stream until its handler was called. */
export async function measurePaced(
  { ground, end, sender, durable }: PacedWay,
  { events, run }: { events: number; run: string },
): Promise<number> {
  await end.call('reset');
  expectCount('events', await sender.call('events', { count: events, perSecond: PER_SECOND, run }), events);
  await ground.waitUntilSettled('CRM_EVENTS', durable, LIMIT_MS);
  const { count, latenciesMs } = await end.call<EffectsTold>('effects');
  expectCount('effects', count, events);
  expectCount('effects that say when they were due', latenciesMs.length, events);
  return latenciesMs.toSorted((a, b) => a - b)[Math.ceil(0.99 * events) - 1]!;
}
