// Bare Fastify that awaits BullMQ's add: the usual way to take webhooks into a durable queue in TypeScript.
import { Queue } from 'bullmq';
import Fastify from 'fastify';
import { Redis } from 'ioredis';
import { serveWorker } from '../src/serve-worker.js';
import { WEBHOOK_PATH } from '../src/webhooks.js';

const app = Fastify();
let redis: Redis;
let queue: Queue;

app.post('/webhooks/:tenant/:connection', async (request, reply) => {
  const jobId = request.headers['webhook-id'] as string;
  await queue.add('webhook', request.body, { jobId });
  return reply.code(202).send({ accepted: 1 });
});

serveWorker({
  open: async ({ redisPort }: { redisPort: number }) => {
    redis = new Redis({ port: redisPort, host: '127.0.0.1', maxRetriesPerRequest: null });
    queue = new Queue('webhooks', { connection: redis });
    await queue.waitUntilReady();
    return (await app.listen({ port: 0, host: '127.0.0.1' })) + WEBHOOK_PATH;
  },
  count: () => queue.getWaitingCount(),
  clear: async () => {
    await redis.flushall();
  },
  stop: async () => {
    await app.close();
    await queue.close();
    redis.disconnect();
  },
});
