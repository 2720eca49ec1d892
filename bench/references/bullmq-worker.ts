// BullMQ's worker, which drains a queue of the same events: parsed, counted, completed and removed.
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { makeEvents } from '../src/crm-messages.js';
import { serveWorker } from '../src/serve-worker.js';

const QUEUE = 'events';
/** The rate grows with it up to about here. */
const CONCURRENCY = 50;
const ADDED_AT_ONCE = 1_000;

export interface Drained {
  /** Runs of the handler. */
  handled: number;
  /** Jobs that Redis has taken for done. */
  completed: number;
  seconds: number;
}

let redis: Redis;
let queue: Queue;
let worker: Worker;
let handled = 0;
let firstMs = 0;

serveWorker({
  open: async ({ redisPort }: { redisPort: number }) => {
    redis = new Redis({ port: redisPort, host: '127.0.0.1', maxRetriesPerRequest: null });
    queue = new Queue(QUEUE, { connection: redis, defaultJobOptions: { removeOnComplete: true } });
    worker = new Worker(QUEUE, take, { connection: redis, concurrency: CONCURRENCY, autorun: false });
    await worker.waitUntilReady();
    await queue.pause();
    void worker.run();
  },
  fill: async ({ count, run }: { count: number; run: string }) => {
    handled = 0;
    const messages = makeEvents(count, { run });
    for (let start = 0; start < count; start += ADDED_AT_ONCE) {
      const some = messages.slice(start, start + ADDED_AT_ONCE);
      await queue.addBulk(
        some.map(({ messageId, payload }) => ({
          name: 'event',
          data: JSON.parse(payload.toString()) as object,
          opts: { jobId: messageId.replaceAll(':', '-') },
        })),
      );
    }
    return queue.getWaitingCount();
  },
  drain: async ({ count }: { count: number }): Promise<Drained> => {
    let completed = 0;
    const ended = new Promise<number>((resolve) => {
      const onCompleted = (): void => {
        completed += 1;
        if (completed === count) resolve(performance.now());
      };
      worker.on('completed', onCompleted);
    });
    await queue.resume();
    const endedMs = await ended;
    await queue.pause();
    worker.removeAllListeners('completed');
    return { handled, completed, seconds: (endedMs - firstMs) / 1_000 };
  },
  stop: async () => {
    await worker.close();
    await queue.close();
    redis.disconnect();
  },
});

async function take(): Promise<void> {
  if (handled === 0) firstMs = performance.now();
  handled += 1;
}
