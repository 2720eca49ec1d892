import type { BenchCase, Contest, OpenOptions } from '../src/bench-case.js';
import { Ground } from '../src/ground.js';
import { measurePaced, openPacedHost, type PacedWay } from './paced.js';
import { startServer } from './webhook.js';

/** From when an event was due on the stream until the handler was called, with the engine's defaults (inline). */
export const engineLatency: BenchCase = {
  name: 'engine-latency',
  reference: 'raw publish → raw callback consume',
  unit: 'ms p99',
  goal: { kind: 'ratio-at-most', target: 1.5 },
  events: 3_000,
  open: openEngineLatency,
};

async function openEngineLatency({ events, profileDir }: OpenOptions): Promise<Contest> {
  const [ours, reference] = [await openPacedHost(profileDir), await openRaw()];
  let runs = 0;
  return {
    measure: (side) => measurePaced(side === 'ours' ? ours : reference, { events, run: `e${(runs += 1)}` }),
    close: async () => {
      await ours.ground.close();
      await reference.ground.close();
    },
  };
}

async function openRaw(): Promise<PacedWay> {
  const ground = await Ground.open();
  const end = await startServer(ground, 'references/raw-consume');
  await end.call('open', { natsUrl: ground.natsUrl, durable: 'raw' });
  const sender = await startServer(ground, 'src/paced-sender');
  await sender.call('connect', { natsUrl: ground.natsUrl });
  return { ground, end, durable: 'raw', sender };
}
