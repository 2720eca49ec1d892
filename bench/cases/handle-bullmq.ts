import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Drained } from '../references/bullmq-worker.js';
import { startRedis } from '../references/redis-server.js';
import type { BenchCase, Contest, OpenOptions } from '../src/bench-case.js';
import { makeEvents } from '../src/crm-messages.js';
import { findProgram } from '../src/find-program.js';
import { expectCount, Ground } from '../src/ground.js';
import type { Worker } from '../src/worker.js';
import { measureDrain, openHostFollower, prepare, publishAll } from './drain.js';
import { startServer } from './webhook.js';

/** The host against the usual way in TypeScript to work on what a durable queue holds, both at least once and inline. */
export const handleBullmq: BenchCase = {
  name: 'handle-bullmq',
  reference: 'BullMQ worker, 50 at once, AOF everysec',
  unit: 'events/s',
  goal: { kind: 'ratio-at-least', target: 2 },
  events: 10_000,
  whyNot: () => (findProgram('redis-server') ? undefined : 'there is no redis-server on the PATH'),
  open: openHandleBullmq,
};

async function openHandleBullmq({ events, profileDir }: OpenOptions): Promise<Contest> {
  const ground = await Ground.open();
  const delivery = { isolation: 'inline', idempotency: 'none' };
  const ours = await openHostFollower(ground, profileDir, { delivery });
  const bullmq = await startBullmq(ground);
  let runs = 0;
  return {
    measure: async (side) => {
      const run = `b${(runs += 1)}`;
      if (side === 'reference') return measureBullmq(bullmq, { count: events, run });
      await ground.clear('CRM_EVENTS');
      await prepare(ground, [ours]);
      await publishAll(ground, makeEvents(events, { run }));
      return measureDrain(ground, ours, events);
    },
    close: () => ground.close(),
  };
}

async function startBullmq(ground: Ground): Promise<Worker> {
  const folder = join(ground.temp.path, 'redis');
  mkdirSync(folder);
  const redis = await startRedis(findProgram('redis-server')!, folder);
  ground.onClose(() => redis.stop());
  const worker = await startServer(ground, 'references/bullmq-worker');
  await worker.call('open', { redisPort: redis.port });
  return worker;
}

/** Jobs a second, from the first call of the handler until Redis has the last for done. */
async function measureBullmq(bullmq: Worker, task: { count: number; run: string }): Promise<number> {
  expectCount('jobs that wait', await bullmq.call<number>('fill', task), task.count);
  const { handled, completed, seconds } = await bullmq.call<Drained>('drain', task);
  expectCount('runs of the handler', handled, task.count);
  expectCount('jobs that are done', completed, task.count);
  return completed / seconds;
}
