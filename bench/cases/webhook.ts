import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchCase, Contest, OpenOptions } from '../src/bench-case.js';
import { findProgram } from '../src/find-program.js';
import { expectCount, Ground } from '../src/ground.js';
import type { Burst, BurstResult } from '../src/load-generator.js';
import type { PublisherOptions } from '../src/publisher-server.js';
import { WEBHOOK_KINDS, type WebhookKindName } from '../src/webhook-kinds.js';
import { startWorker, type Worker } from '../src/worker.js';
import { startRedis } from '../references/redis-server.js';

const EVENTS = 10_000;
const UNIT = 'requests/s';

/** Nest + Fastify, verify, split, store, 202; 64 connections. */
export const webhook: BenchCase = {
  name: 'webhook',
  reference: 'bare node:http, our publishing',
  unit: UNIT,
  goal: { kind: 'ratio-at-least', target: 0.8 },
  events: EVENTS,
  open: (options) => openWebhook(options, (ground) => startNodeHttp(ground, 'standard-webhooks')),
};

/** The same with HubSpot's: ten thin items in each request, signed as v3. */
export const webhookHubspot: BenchCase = {
  ...webhook,
  name: 'webhook-hubspot',
  events: 3_000,
  open: (options) => openWebhook(options, (ground) => startNodeHttp(ground, 'hubspot'), 'hubspot'),
};

/** The same with Pipedrive's: one whole record in each request, HTTP Basic. */
export const webhookPipedrive: BenchCase = {
  ...webhook,
  name: 'webhook-pipedrive',
  open: (options) => openWebhook(options, (ground) => startNodeHttp(ground, 'pipedrive'), 'pipedrive'),
};

export const webhookStock: BenchCase = {
  name: 'webhook-stock',
  reference: 'Nest + Fastify, stock js.publish',
  unit: UNIT,
  goal: { kind: 'ratio-at-least', target: 1.5 },
  events: EVENTS,
  open: (options) => openWebhook(options, (ground) => startOnNats(ground, 'references/nest-stock')),
};

export const webhookBullmq: BenchCase = {
  name: 'webhook-bullmq',
  reference: 'Fastify + BullMQ, AOF everysec',
  unit: UNIT,
  goal: { kind: 'ratio-at-least', target: 0.9 },
  events: EVENTS,
  whyNot: () => (findProgram('redis-server') ? undefined : 'there is no redis-server on the PATH'),
  open: (options) => openWebhook(options, startOnRedis),
};

/** A server under load, and what counts what it has stored. */
interface Door {
  url: string;
  clear(): Promise<void>;
  expectStored(count: number): Promise<void>;
}

async function openWebhook(
  { events, profileDir }: OpenOptions,
  startReference: (ground: Ground) => Promise<Door>,
  kind: WebhookKindName = 'standard-webhooks',
): Promise<Contest> {
  const ground = await Ground.open();
  // What is measured is the way into CRM_RAW: the normaliser's turn is a case of its own.
  await ground.holdNormaliser();
  const publisher = await startServer(ground, 'src/publisher-server', { profileDir });
  const { source, config, perRequest } = WEBHOOK_KINDS[kind];
  const opened: PublisherOptions = {
    natsUrl: ground.natsUrl,
    folder: ground.temp.path,
    connection: { source, config },
  };
  const ours = await onRawStream(ground, publisher, opened);
  const reference = await startReference(ground);
  const load = await startServer(ground, 'src/load-generator');
  let runs = 0;
  return {
    measure: async (side) => {
      const door = side === 'ours' ? ours : reference;
      await door.clear();
      const { rate } = await sendBurst(load, { url: door.url, count: events, run: `w${(runs += 1)}`, kind });
      await door.expectStored(events * perRequest);
      return rate;
    },
    close: () => ground.close(),
  };
}

export async function startServer(
  ground: Ground,
  program: string,
  options: { profileDir?: string | undefined } = {},
): Promise<Worker> {
  const worker = startWorker(program, options);
  ground.onClose(() => worker.stop());
  return worker;
}

/** Requests a second; an answer other than 202 is an error. */
export async function sendBurst(load: Worker, burst: Burst): Promise<{ rate: number }> {
  const { accepted, failed, seconds } = await load.call<BurstResult>('burst', burst);
  expectCount('requests that failed', failed, 0);
  expectCount('requests answered 202', accepted, burst.count);
  return { rate: accepted / seconds };
}

async function onRawStream(ground: Ground, worker: Worker, options: object): Promise<Door> {
  return {
    url: await worker.call<string>('open', options),
    clear: () => ground.clear('CRM_RAW'),
    expectStored: (count) => ground.expectMessages('CRM_RAW', count),
  };
}

async function startOnNats(ground: Ground, program: string, options: object = {}): Promise<Door> {
  return onRawStream(ground, await startServer(ground, program), { natsUrl: ground.natsUrl, ...options });
}

function startNodeHttp(ground: Ground, kind: WebhookKindName): Promise<Door> {
  return startOnNats(ground, 'references/node-http', { kind });
}

async function startOnRedis(ground: Ground): Promise<Door> {
  const folder = join(ground.temp.path, 'redis');
  mkdirSync(folder);
  const redis = await startRedis(findProgram('redis-server')!, folder);
  ground.onClose(() => redis.stop());
  const worker = await startServer(ground, 'references/fastify-bullmq');
  return {
    url: await worker.call<string>('open', { redisPort: redis.port }),
    clear: () => worker.call('clear'),
    expectStored: async (count) => expectCount('jobs in Redis', await worker.call<number>('count'), count),
  };
}
