import { connectNats } from '@crm-mesh/jetstream';
import type { Consumer } from './consumer.js';
import { OrderModel } from './order-model.fixture.js';
import type { Fate, Schedule, Step } from './order-schedule.fixture.js';
import type { Outcome } from './outcome.js';
import { abandon, createScene, done, error, failed, nats, server, store } from './scene.fixture.js';
import { faultyStore } from './faulty-parts.fixture.js';
import type { SeededBug } from './seeded-bugs.fixture.js';

// For order.property.spec.ts: does to the real engine, on a real server, what a schedule says.

const ACK_WAIT_MS = 300;
const SLOW_MS = 400;
const TIMEOUT_MS = 600;
const DRAIN_MS = 30_000;

interface Host {
  consumer: Consumer;
  /** Ends it as kill -9 would: what it does from now on has no effect on anything. */
  crash(): Promise<void>;
}

/** Resolves to what went wrong: an empty text where nothing did. */
export async function runSchedule({ order, steps }: Schedule, bug?: SeededBug): Promise<string> {
  const model = new OrderModel(order);
  const run = new ScheduleRun(model, order, bug);
  await run.start();
  for (const step of steps) {
    model.note(JSON.stringify(step));
    await run.take(step);
    if (model.violations.length > 0) break;
  }
  if (model.violations.length === 0) await run.drain();
  await run.end();
  return model.violations.length > 0 ? model.report : '';
}

class ScheduleRun {
  readonly #scene;
  readonly #fates = new Map<string, Fate[]>();
  readonly #idBySequence = new Map<string, string>();
  readonly #dead: Promise<unknown>[] = [];
  #host: Host | undefined;

  constructor(
    private readonly model: OrderModel,
    private readonly order: Schedule['order'],
    private readonly bug: SeededBug | undefined,
  ) {
    this.#scene = createScene({
      order,
      ackWaitMs: ACK_WAIT_MS,
      timeoutMs: TIMEOUT_MS,
      maxAttempts: 4,
      backoff: { initialMs: 40, maxMs: 80, factor: 2 },
      parkAfterMs: 100,
    });
  }

  async start(): Promise<void> {
    this.#host = await this.#startHost();
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'publish') await this.#publish(step);
    else if (step.kind === 'wait') await new Promise((resolve) => setTimeout(resolve, step.ms));
    else if (step.kind === 'resolve') await this.#resolve(step.by);
    else if (step.kind === 'kill-server') await this.#killServer();
    else {
      await (step.kind === 'crash' ? this.#host!.crash() : this.#host!.consumer.stop());
      this.#host = await this.#startHost();
    }
  }

  /** Until nothing waits any more. What does not end within the time is lost, or has stuck. */
  async drain(): Promise<void> {
    const untilMs = Date.now() + DRAIN_MS;
    let turn = 0;
    while (Date.now() < untilMs && !(await this.#isDrained()) && this.model.violations.length === 0) {
      await this.#resolve(turn++ % 2 === 0 ? 'redrive' : 'drop');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.model.note(JSON.stringify(this.#host!.consumer.status()));
    if (this.model.violations.length === 0) this.model.finish();
  }

  async end(): Promise<void> {
    await this.#host!.consumer.stop({ graceMs: 0 });
    await Promise.all(this.#dead);
  }

  async #startHost(): Promise<Host> {
    let isDead = false;
    const own = await connectNats({ name: this.#scene.name, url: server.url });
    const mortal = faultyStore(store, () => {
      if (isDead) throw new Error('this host is dead');
    });
    this.bug?.plant?.();
    const parts = { nats: own, store: mortal, ...this.bug?.parts?.(mortal) };
    const consumer = await this.#scene.start(
      async ({ ids: [id], items: [item] }, signal) => {
        if (isDead) return { kind: 'interrupted' };
        this.#idBySequence.set(`${item!.sequence} ${item!.subject}`, id!);
        this.model.begin(id!, item!.stream === 'CRM_DIRECT');
        const outcome = await live(this.#fates.get(id!)?.shift() ?? 'done', signal);
        if (isDead) return { kind: 'interrupted' };
        if (outcome.kind === 'done') this.model.complete(id!);
        return outcome;
      },
      {
        ...parts,
        onSettled: (notice) => {
          const id = this.#idBySequence.get(`${notice.sequence} ${notice.subject}`);
          if (!isDead && id) this.model.settle(notice, id);
        },
      },
    );
    const crash = async (): Promise<void> => {
      isDead = true;
      abandon(consumer);
      await own.close();
      this.#dead.push(consumer.stop({ graceMs: 0 }));
    };
    return { consumer, crash };
  }

  async #publish({ events }: Extract<Step, { kind: 'publish' }>): Promise<void> {
    for (const { record, fates } of events) {
      const id = this.model.publish(record);
      this.#fates.set(id, [...fates]);
      await this.#scene.publish(id);
    }
  }

  async #killServer(): Promise<void> {
    await server.kill();
    await server.restart();
    while (!nats.connected) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  /** Only where lanes wait for it; else a redriven event comes behind newer ones by right. */
  async #resolve(by: 'redrive' | 'drop'): Promise<void> {
    if (this.order !== 'strict') return;
    const [oldest] = await this.#scene.deadLetters();
    if (!oldest) return;
    const id = oldest.letter.original.payloadText!;
    if (by === 'drop') {
      this.model.drop(id);
      await nats.deleteMessage('CRM_DEAD', oldest.sequence);
    } else {
      this.model.note(`${id} is redriven`);
      await this.#host!.consumer.redrive({ sequences: [oldest.sequence], by: 'ann' });
    }
  }

  async #isDrained(): Promise<boolean> {
    const { held, parkedLanes, state } = this.#host!.consumer.status();
    if (held + parkedLanes > 0 || state !== 'running') return false;
    for (const stream of ['CRM_EVENTS', 'CRM_DIRECT']) {
      const durable = await nats.durableState(stream, this.#scene.name);
      if (durable && durable.pending + durable.ackPending > 0) return false;
    }
    return this.order === 'record' || (await this.#scene.deadLetters()).length === 0;
  }
}

async function live(fate: Fate, signal: AbortSignal): Promise<Outcome> {
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      setTimeout(resolve, ms);
      signal.addEventListener('abort', () => resolve());
    });
  await pause({ slow: SLOW_MS, hang: 60_000 }[fate as string] ?? Math.random() * 15);
  if (signal.aborted) return failed;
  if (fate === 'fail') return failed;
  if (fate === 'later') return { kind: 'retry-later', delayMs: 150, error };
  if (fate === 'away') return { kind: 'unavailable', retryAfterMs: 50, error };
  return fate === 'refuse' ? { kind: 'permanent', error } : done;
}
