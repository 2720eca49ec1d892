import { setTimeout as delay } from 'node:timers/promises';
import { findFreePort } from '@crm-mesh/nats-server';
import { execa } from 'execa';
import { Redis } from 'ioredis';

const READY_LIMIT_MS = 10_000;

export interface RunningRedis {
  port: number;
  stop(): Promise<void>;
}

/** A redis-server that writes down what it takes, and syncs it every second. */
export async function startRedis(binary: string, folder: string): Promise<RunningRedis> {
  const port = await findFreePort();
  const durable = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''];
  const server = execa(binary, ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...durable], {
    stdio: 'ignore',
    reject: false,
  });
  await waitUntilReady(port);
  return {
    port,
    stop: async () => {
      server.kill('SIGTERM');
      await server;
    },
  };
}

async function waitUntilReady(port: number): Promise<void> {
  const redis = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  const deadlineMs = performance.now() + READY_LIMIT_MS;
  try {
    for (;;) {
      const answer = await redis.connect().then(
        () => redis.ping(),
        (error: unknown) => error,
      );
      if (answer === 'PONG') return;
      if (performance.now() > deadlineMs) throw new Error('redis-server does not answer', { cause: answer });
      await delay(50);
    }
  } finally {
    redis.disconnect();
  }
}
