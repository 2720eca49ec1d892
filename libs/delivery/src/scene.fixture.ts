import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { openStore, type Store } from '@crm-mesh/store';
import { createLogger, createMetrics } from '@crm-mesh/telemetry';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import type { ConsumerDependencies } from './consumer-dependencies.js';
import { startConsumer, type Consumer } from './consumer.js';
import type { ConsumerSpec, HandlerInput, RunHandler } from './consumer-spec.js';
import type { DeadLetter } from './dead-letter.js';
import type { Outcome, RunOutcome } from './outcome.js';
import { DEFAULT_POLICY, type DeliveryPolicy } from './policy.js';
import type { SettledNotice } from './settled-notice.js';
import { DELIVERY_MIGRATIONS } from './store/migrations.js';

// For the specs of this folder.

export const error = { name: 'Error', message: 'not yet' };
export const done: Outcome = { kind: 'done' };
export const failed: Outcome = { kind: 'failed', error };

export let server: TestNats;
export let nats: Nats;
export let store: Store;
let published = 0;
let names = 0;
let consumers: Consumer[] = [];

/** A server for the file, a store for each test. */
export function useServer(): void {
  beforeAll(async () => {
    server = await startTestNats();
    nats = await connectNats({ name: 'test', url: server.url });
    await ensureStreams(nats);
  });
  afterAll(async () => {
    await nats?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    store = await openStore({ url: 'sqlite::memory:', migrations: DELIVERY_MIGRATIONS });
  });
  afterEach(async () => {
    await Promise.all(consumers.map((consumer) => consumer.stop({ graceMs: 0 })));
    consumers = [];
    await store.close();
  });
}

/** It is taken for dead: nobody stops it at the end of the test. */
export function abandon(consumer: Consumer): void {
  consumers = consumers.filter((other) => other !== consumer);
}

/** One consumer of its own tenant, so that tests do not see each other's events. */
export function createScene(policy: Partial<DeliveryPolicy> = {}) {
  const name = `c${++names}`;
  const notices: SettledNotice[] = [];
  const runs: { ids: string[]; attempt: number }[] = [];
  const text = (input: HandlerInput) => input.items.map((item) => Buffer.from(item.data).toString());
  const whole: DeliveryPolicy = {
    ...DEFAULT_POLICY,
    startFrom: 'all',
    backoff: { initialMs: 20, maxMs: 20, factor: 1 },
    ackWaitMs: 1_000,
    ...policy,
  };
  const spec = (runHandler: RunHandler): ConsumerSpec => ({
    name,
    description: 'a test',
    stream: 'CRM_EVENTS',
    filterSubject: `crm.${name}.>`,
    metadata: {},
    version: 'v1',
    policy: whole,
    runHandler,
  });
  return {
    name,
    policy: whole,
    notices,
    /** What ran, in the order in which it began: `["r1:1", …]`. */
    runs,
    ids: () => runs.flatMap((run) => run.ids),
    results: () => notices.map((notice) => notice.result),
    /** `r1:1` is the first event of the record r1. */
    publish: async (...ids: string[]) => {
      for (const id of ids) {
        const subject = `crm.${name}.hubspot.deal.updated.${id.split(':')[0]}`;
        await nats.publish({ subject, payload: id, messageId: `${name}-${++published}` });
      }
    },
    start: async (
      handler: (input: HandlerInput & { ids: string[] }, signal: AbortSignal) => Promise<RunOutcome> | RunOutcome,
      options: { spec?: Partial<ConsumerSpec> } & Partial<ConsumerDependencies> = {},
    ) => {
      const runHandler: RunHandler = async (input, run) => {
        const ids = text(input);
        runs.push({ ids, attempt: input.attempt });
        return handler({ ...input, ids }, run.signal);
      };
      const consumer = await startConsumer(
        { ...spec(runHandler), ...options.spec },
        {
          nats,
          store,
          log: createLogger({ app: 'test', level: 'silent' }),
          metrics: createMetrics({ app: 'test' }),
          onSettled: (notice) => notices.push(notice),
          ...options,
        },
      );
      consumers.push(consumer);
      return consumer;
    },
    /** Deletes CRM_EVENTS with its consumers, and makes both anew. */
    replaceStream: async () => {
      const durable = (await nats.durableState('CRM_EVENTS', name))!;
      await nats.request('$JS.API.STREAM.DELETE.CRM_EVENTS', '');
      await ensureStreams(nats);
      await nats.ensureDurable({ ...durable, description: 'a test', startFrom: 'all', metadata: {} });
    },
    /** How far exhausted deliveries were looked for. */
    sweptTo: async () => {
      const [row] = await store.read<{ swept_to: number }>('SELECT swept_to FROM delivery_sweeps WHERE consumer = ?', [
        name,
      ]);
      return row?.swept_to ?? 0;
    },
    /** Up to which advisory. */
    advisedTo: async () => {
      const sql = 'SELECT advised_to FROM delivery_sweeps WHERE consumer = ?';
      return (await store.read<{ advised_to: number }>(sql, [name]))[0]?.advised_to;
    },
    settled: async () => {
      await vi.waitFor(
        async () => {
          const state = (await nats.durableState('CRM_EVENTS', name))!;
          expect(state.pending + state.ackPending).toBe(0);
        },
        { timeout: 20_000, interval: 20 },
      );
    },
    deadLetters: async () => {
      const letters: { sequence: number; letter: DeadLetter }[] = [];
      for await (const { data, sequence } of nats.readStream('CRM_DEAD', {
        fromSequence: 1,
        filterSubject: `dead.${name}.>`,
      })) {
        letters.push({ sequence, letter: JSON.parse(Buffer.from(data).toString()) as DeadLetter });
      }
      return letters;
    },
  };
}
