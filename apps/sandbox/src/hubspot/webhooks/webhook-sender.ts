import type { Logger } from '@crm-mesh/telemetry';
import PQueue from 'p-queue';
import type { Random } from '../../crm/draw-ids.js';
import { DeliveryLog, type Delivery } from './delivery-log.js';
import type { Knobs } from './knobs.js';
import {
  cutBatches,
  nextBurstAtMs,
  nextDueAtMs,
  planDuplicate,
  planItems,
  shuffle,
  takeDue,
  type WaitingItem,
} from './plan-items.js';
import { postBatch } from './post-batch.js';
import { WebhookCounter, type WebhookCounts } from './webhook-counts.js';
import type { WebhookItem } from './webhook-item.js';

/** Where webhooks go. */
export interface Target {
  /** Undefined: nobody is told; the items are counted as dropped. */
  url?: string;
  /** What is signed; default: `url`. */
  publicUrl?: string;
}

export interface WebhookSenderOptions {
  clientSecret: string;
  show(name: keyof WebhookCounts, value: number): void;
  knobs(): Knobs;
  random: Random;
  /** Epoch milliseconds. */
  now(): number;
  log: Logger;
}

const KEPT_ITEMS = 10_000;
/** Retries are spread by this share of their delay, both ways. */
const JITTER = 0.2;

/** Items on their way to the target: gathered, spoiled as the knobs say, cut into batches, posted, tried again. */
export class WebhookSender {
  readonly deliveries = new DeliveryLog();
  /** May be set while it runs. */
  target: Target = {};
  private readonly counter: WebhookCounter;
  /** What was sent lately, in the order of the changes. */
  private recent: WebhookItem[] = [];
  private waiting: WaitingItem[] = [];
  private timer: { handle: NodeJS.Timeout; atMs: number } | undefined;
  private readonly retryTimers = new Set<NodeJS.Timeout>();
  private readonly queue = new PQueue();
  private readonly stopping = new AbortController();
  private settled: (() => void)[] = [];

  constructor(private readonly options: WebhookSenderOptions) {
    this.counter = new WebhookCounter((name, value) => options.show(name, value));
  }

  get counts(): Readonly<WebhookCounts> {
    return this.counter.values;
  }

  send(items: readonly WebhookItem[]): void {
    this.counter.add('made', items.length);
    if (this.target.url === undefined) return this.counter.add('dropped', items.length);
    const { random } = this.options;
    const plan = planItems(items, { knobs: this.options.knobs(), random, nowMs: performance.now() });
    this.counter.add('dropped', plan.dropped);
    this.recent = [...this.recent, ...plan.waiting.filter(({ duplicate }) => !duplicate).map(({ item }) => item)].slice(
      -KEPT_ITEMS,
    );
    this.enqueue(plan.waiting);
  }

  /** Some of the latest `among` items once more, evenly spread, as HubSpot sometimes does. Returns how many. */
  repeat(count: number, among: number): number {
    if (this.target.url === undefined || among <= 0) return 0;
    const candidates = this.recent.slice(-among);
    const chosen = Array.from(
      { length: Math.min(count, candidates.length) },
      (_, index) => candidates[Math.floor((index * candidates.length) / count)],
    ).filter((item) => item !== undefined);
    const [knobs, nowMs] = [this.options.knobs(), performance.now()];
    this.enqueue(chosen.map((item) => planDuplicate(item, knobs, nowMs)));
    return chosen.length;
  }

  /** After a knob was turned. */
  review(): void {
    this.unschedule();
    this.schedule(this.waiting);
  }

  /** Resolves when nothing is on its way: all was delivered or given up. */
  async whenSettled(): Promise<void> {
    if (this.counts.pending === 0) return;
    await new Promise<void>((resolve) => this.settled.push(resolve));
  }

  /** What is under way ends (or is cut off by its time-out); the rest is forgotten, as the whole sandbox is. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.unschedule();
    for (const timer of this.retryTimers) clearTimeout(timer);
    this.queue.clear();
    await this.queue.onIdle();
    this.settle(this.counts.pending);
  }

  private enqueue(items: readonly WaitingItem[]): void {
    this.waiting.push(...items);
    this.counter.add('pending', items.length);
    this.counter.add('duplicates', items.filter(({ duplicate }) => duplicate).length);
    this.schedule(items);
  }

  /** `added`: what was not considered when the present timer was set. */
  private schedule(added: readonly WaitingItem[]): void {
    const knobs = this.options.knobs();
    if (knobs.paused || this.stopping.signal.aborted) return;
    const atMs = knobs.burstSize > 0 ? nextBurstAtMs(this.waiting, knobs) : nextDueAtMs(added);
    if (atMs === undefined || (this.timer && this.timer.atMs <= atMs)) return;
    this.unschedule();
    this.timer = { handle: setTimeout(() => this.flush(), Math.max(0, atMs - performance.now())), atMs };
  }

  private unschedule(): void {
    clearTimeout(this.timer?.handle);
    this.timer = undefined;
  }

  private flush(): void {
    const knobs = this.options.knobs();
    this.timer = undefined;
    this.queue.concurrency = knobs.parallel;
    const { due, rest } = takeDue(this.waiting, knobs, performance.now());
    this.waiting = rest;
    for (const batch of cutBatches(shuffle(due, knobs.disorder, this.options.random), knobs.batchSize)) {
      const duplicates = batch.filter(({ duplicate }) => duplicate).length;
      const delivery = this.deliveries.open(
        batch.map(({ item }) => item),
        duplicates,
      );
      void this.queue.add(() => this.attempt(delivery));
    }
    this.schedule(this.waiting);
  }

  private async attempt(delivery: Delivery): Promise<void> {
    const { clientSecret, log } = this.options;
    const { url = '', publicUrl = url } = this.target;
    const knobs = this.options.knobs();
    const attemptNumber = delivery.attempts.length;
    const body = JSON.stringify(delivery.items.map((item) => ({ ...item, attemptNumber })));
    const startedAtMs = this.options.now();
    const request = { method: 'POST', publicUrl, body, timestampMs: startedAtMs };
    const began = performance.now();
    const answer = await postBatch(url, { request, clientSecret, timeoutMs: knobs.timeoutMs });
    const durationMs = Math.round(performance.now() - began);
    delivery.attempts.push({ attemptNumber, startedAt: new Date(startedAtMs).toISOString(), durationMs, ...answer });
    this.counter.add('requests', 1);
    if (answer.status !== undefined && answer.status >= 200 && answer.status < 300)
      return this.close(delivery, 'delivered');
    this.counter.add('failedRequests', 1);
    log.warn({ delivery: delivery.id, items: delivery.items.length, attemptNumber, ...answer }, 'webhook failed');
    this.retry(delivery, knobs.retryDelaysMs[attemptNumber]);
  }

  private retry(delivery: Delivery, delayMs: number | undefined): void {
    if (delayMs === undefined || this.stopping.signal.aborted) return this.close(delivery, 'given-up');
    const jitter = 1 + JITTER * (2 * this.options.random() - 1);
    const timer = setTimeout(() => {
      this.retryTimers.delete(timer);
      void this.queue.add(() => this.attempt(delivery));
    }, delayMs * jitter);
    this.retryTimers.add(timer);
  }

  private close(delivery: Delivery, state: 'delivered' | 'given-up'): void {
    delivery.state = state;
    this.counter.add(state === 'delivered' ? 'delivered' : 'givenUp', delivery.items.length);
    this.settle(delivery.items.length);
  }

  private settle(items: number): void {
    this.counter.add('pending', -items);
    if (this.counts.pending > 0) return;
    const waiters = this.settled;
    this.settled = [];
    for (const resolve of waiters) resolve();
  }
}
