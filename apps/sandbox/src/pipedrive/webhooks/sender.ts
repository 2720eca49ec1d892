import { randomUUID } from 'node:crypto';
import type { Logger } from '@crm-mesh/telemetry';
import PQueue from 'p-queue';
import type { Random } from '../../crm/draw-ids.js';
import type { PipedriveKnobs } from '../knobs.js';
import { buildBody, type BodyOptions } from './build-body.js';
import { postWebhook, type Answer } from './post-webhook.js';
import type { Registered, Registrations } from './registrations.js';
import type { Statement } from './statements.js';

/** What became of the webhooks since the start. */
export interface PipedriveCounts {
  made: number;
  dropped: number;
  duplicates: number;
  /** What happened while its webhook was banned. */
  lost: number;
  delivered: number;
  givenUp: number;
  requests: number;
  failedRequests: number;
  pending: number;
}

export interface SenderOptions extends BodyOptions {
  registrations: Registrations;
  knobs(): PipedriveKnobs;
  random: Random;
  /** Epoch milliseconds. */
  now(): number;
  log: Logger;
}

interface Delivery {
  registered: Registered;
  statement: Statement;
  ids: { id: string; correlationId: string };
  attempt: number;
}

const PARALLEL = 10;
const DUPLICATE_DELAY_MS = 50;

/** One request for each event and each webhook that wants it; tried again, and banned, as Pipedrive does. */
export class PipedriveSender {
  readonly counts: PipedriveCounts = {
    made: 0,
    dropped: 0,
    duplicates: 0,
    lost: 0,
    delivered: 0,
    givenUp: 0,
    requests: 0,
    failedRequests: 0,
    pending: 0,
  };
  private readonly queue = new PQueue({ concurrency: PARALLEL });
  private readonly timers = new Set<NodeJS.Timeout>();
  private settled: (() => void)[] = [];
  private stopping = false;

  constructor(private readonly options: SenderOptions) {}

  send(statements: readonly Statement[]): void {
    const correlationId = randomUUID();
    for (const statement of statements) {
      for (const registered of this.options.registrations.list()) {
        if (!wants(registered, statement)) continue;
        this.plan({ registered, statement, ids: { id: randomUUID(), correlationId }, attempt: 1 });
      }
    }
  }

  /** After a knob was turned. */
  review(): void {
    if (this.options.knobs().paused) this.queue.pause();
    else this.queue.start();
  }

  /** Resolves when nothing is on its way. */
  async whenSettled(): Promise<void> {
    if (this.counts.pending === 0) return;
    await new Promise<void>((resolve) => this.settled.push(resolve));
  }

  /** What is under way ends; the rest is forgotten. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.queue.clear();
    this.queue.start();
    await this.queue.onIdle();
    this.settle(this.counts.pending);
  }

  private plan(delivery: Delivery): void {
    const { random, now } = this.options;
    const { dropRate, duplicateRate, delayMs, disorderMs } = this.options.knobs();
    this.counts.made += 1;
    if (now() < delivery.registered.bannedUntilMs) this.counts.lost += 1;
    else if (random() < dropRate) this.counts.dropped += 1;
    else {
      const waitMs = delayMs + Math.round(random() * disorderMs);
      this.later(delivery, waitMs);
      if (random() >= duplicateRate) return;
      this.counts.duplicates += 1;
      this.later({ ...delivery }, waitMs + DUPLICATE_DELAY_MS);
    }
  }

  private later(delivery: Delivery, waitMs: number): void {
    this.counts.pending += 1;
    this.schedule(delivery, waitMs);
  }

  private schedule(delivery: Delivery, waitMs: number): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void this.queue.add(() => this.attempt(delivery));
    }, waitMs);
    this.timers.add(timer);
  }

  private async attempt(delivery: Delivery): Promise<void> {
    const { registered, attempt } = delivery;
    const { timeoutMs, retryDelaysMs } = this.options.knobs();
    const body = buildBody({ ...delivery, webhookId: registered.id }, this.options);
    const answer = await postWebhook(registered, body, timeoutMs);
    this.counts.requests += 1;
    const isTaken = answer.status !== undefined && answer.status >= 200 && answer.status < 300;
    if (attempt === 1) this.judge(registered, isTaken);
    if (answer.status !== undefined) registered.lastStatus = answer.status;
    if (isTaken) return this.close('delivered');
    this.fail(delivery, answer);
    const delayMs = retryDelaysMs[attempt - 1];
    if (delayMs === undefined || this.stopping) return this.close('givenUp');
    this.schedule({ ...delivery, attempt: attempt + 1 }, delayMs);
  }

  private judge(registered: Registered, isTaken: boolean): void {
    const { banAfter, banMs } = this.options.knobs();
    registered.failures = isTaken ? 0 : registered.failures + 1;
    if (registered.failures < banAfter) return;
    registered.failures = 0;
    registered.bannedUntilMs = this.options.now() + banMs;
  }

  private fail({ registered, attempt, ids }: Delivery, answer: Answer): void {
    this.counts.failedRequests += 1;
    this.options.log.warn({ webhook: registered.id, statement: ids.id, attempt, ...answer }, 'webhook failed');
  }

  private close(state: 'delivered' | 'givenUp'): void {
    this.counts[state] += 1;
    this.settle(1);
  }

  private settle(count: number): void {
    this.counts.pending -= count;
    if (this.counts.pending > 0) return;
    for (const resolve of this.settled.splice(0)) resolve();
  }
}

function wants({ action, object }: Registered, statement: Statement): boolean {
  return (action === '*' || action === statement.action) && (object === '*' || object === statement.entity);
}
