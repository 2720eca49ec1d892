import type { BenchCase, Contest, OpenOptions, Side } from '../src/bench-case.js';
import { Ground } from '../src/ground.js';
import { startWorker, type Worker } from '../src/worker.js';

export const PUBLISH_WINDOW = 256;

/** 256 in flight, every ack awaited. */
export const publish: BenchCase = {
  name: 'publish',
  reference: 'stock js.publish',
  unit: 'events/s',
  goal: { kind: 'ratio-at-least', target: 2.5 },
  events: 40_000,
  open: openPublish,
};

async function openPublish({ events, profileDir }: OpenOptions): Promise<Contest> {
  const ground = await Ground.open();
  const ours = await openPublisher(ground, 'src/our-publisher', profileDir);
  const stock = await openPublisher(ground, 'references/stock-publish', undefined);
  let runs = 0;
  return {
    measure: (side: Side) => measurePublish(ground, side === 'ours' ? ours : stock, { events, run: `p${(runs += 1)}` }),
    close: () => ground.close(),
  };
}

export async function openPublisher(ground: Ground, program: string, profileDir: string | undefined): Promise<Worker> {
  const worker = startWorker(program, { profileDir });
  ground.onClose(() => worker.stop());
  await worker.call('open', { natsUrl: ground.natsUrl });
  return worker;
}

/** Events a second. */
export async function measurePublish(
  ground: Ground,
  worker: Worker,
  { events, run }: { events: number; run: string },
): Promise<number> {
  await ground.clear('CRM_EVENTS');
  const seconds = await worker.call<number>('publish', { count: events, run, window: PUBLISH_WINDOW });
  await ground.expectMessages('CRM_EVENTS', events);
  return events / seconds;
}
