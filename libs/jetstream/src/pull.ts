import { performance } from 'node:perf_hooks';
import type { ConsumerInfo } from '@nats-io/jetstream';
import { createInbox, nanos, type Msg, type Subscription } from '@nats-io/transport-node';
import { askJetStream, isMissing } from './ask-jetstream.js';
import { PulledDelivery } from './delivery.js';
import { Fifo } from './fifo.js';
import type { Link } from './link.js';
import type { Delivery } from './message.js';
import type { Pull, PullNotice, PullOptions } from './pull-options.js';
import { PullRequests } from './pull-requests.js';
import { waitAtMost } from './wait.js';
import { clampPull, decidePullStatus, describeDelay, isTooBrief, type PullLimits } from './pull-status.js';

/** Asked anew when this share of what the loop may hold is free. */
const REFILL_SHARE = 0.25;
/** The server lets 512 wait on a consumer, of all that pull from it. */
const MOST_REQUESTS = 16;
/** After something went wrong: not faster than this. */
const RETRY_WAIT_MS = 500;
const STOP_WAIT_MS = 1_000;

export async function openPull(link: Link, stream: string, name: string, options: PullOptions): Promise<Pull> {
  const what = `consumer ${name} of ${stream}`;
  const info = await askJetStream(link, what, () => link.jsm.consumers.info(stream, name));
  return new PullLoop(link, info, options);
}

/**
 * The client's own `consume()` piles up requests while its loop is held back, stalls for 30 s after a failed look-up and
 * stays open for ever after a deletion. This loop asks for exactly the room that it has.
 */
export class PullLoop implements Pull {
  readonly #buffer = new Fifo<Delivery>();
  readonly #requests = new PullRequests();
  #limits: PullLimits;
  #subscription: Subscription | undefined;
  #inbox = '';
  #requestCount = 0;
  #lastSeenMs = 0;
  #checking = false;
  #retry: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  #stopListening: (() => void)[] = [];
  #state: 'new' | 'running' | 'ending' | 'ended' = 'new';
  #wake: (() => void) | undefined;

  constructor(
    private readonly link: Link,
    private readonly consumer: ConsumerInfo,
    private readonly options: PullOptions,
  ) {
    this.#limits = clampPull(options, consumer.config);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Delivery> {
    if (this.#state === 'new') this.#start();
    try {
      for (;;) {
        const delivery = this.#buffer.take();
        if (delivery !== undefined) {
          this.#refill();
          yield delivery;
        } else if (this.#state === 'ended') return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.#end();
    }
  }

  async stop(): Promise<void> {
    if (this.#state === 'new') return this.#end();
    if (this.#state !== 'running') return;
    this.#state = 'ending';
    // What is on its way at this moment still comes in, rather than after the consumer's ack_wait.
    if (this.link.connected && this.#subscription) await waitAtMost(this.#subscription.drain(), STOP_WAIT_MS);
    this.#end();
  }

  nudge(): void {
    // One more than there is room for: any request makes the server look anew at what waits.
    if (this.#state === 'running' && this.link.connected && this.#requests.size < MOST_REQUESTS) this.#request(1);
  }

  #start(): void {
    this.#state = 'running';
    this.#heed(this.consumer);
    this.#stopListening = [this.link.onReconnect(() => this.#interrupt()), this.link.onClose(() => this.#end())];
    this.#subscribe();
    this.#refill();
  }

  /** A fresh inbox each time: requests of before lose their listener, and the server forgets them. */
  #subscribe(): void {
    this.#subscription?.unsubscribe();
    this.#requests.clear();
    const inbox = createInbox(this.link.inboxPrefix);
    this.#inbox = inbox;
    this.#lastSeenMs = performance.now();
    this.#subscription = this.link.nc.subscribe(`${inbox}.*`, {
      callback: (error, message) => this.#take(inbox, error, message),
    });
    this.#armWatch();
  }

  /** Nothing may be thrown here: it would end the client's reader without a sign. */
  #take(inbox: string, error: Error | null, message: Msg): void {
    if (inbox !== this.#inbox || this.#state === 'ended') return;
    try {
      if (error !== null) return this.#fail(`the NATS user may not subscribe to '${inbox}.*'`);
      this.#lastSeenMs = performance.now();
      if (message.subject.startsWith(inbox)) return this.#takeStatus(message);
      this.#requests.countMessage();
      this.#buffer.add(new PulledDelivery(message, this.link.turn));
      this.#wakeLoop();
    } catch (err) {
      this.link.log.error({ err, consumer: this.consumer.name }, 'a delivery cannot be read');
    }
  }

  #takeStatus(message: Msg): void {
    const code = message.headers?.code ?? 0;
    const description = message.headers?.description ?? '';
    const step = decidePullStatus(code, description);
    if (step === 'alive') return;
    this.#requests.end(message.subject.slice(this.#inbox.length + 1));
    if (step === 'again') return isTooBrief(this.#limits) ? this.#retryLater(this.#limits.watchMs) : this.#refill();
    if (step === 'check') return void this.#check(true);
    if (step === 'refused') return this.#fail(`${code} ${description}`);
    this.#notify({ kind: 'limited', detail: description });
    void this.#check(true);
  }

  /** Is the consumer still the one we opened, and what does it allow now? */
  async #check(thenWait: boolean): Promise<void> {
    let wait = thenWait;
    if (this.#checking || this.#state !== 'running') return;
    this.#checking = true;
    const { stream_name: stream, name } = this.consumer;
    try {
      const what = `consumer ${name} of ${stream}`;
      const info = await askJetStream(this.link, what, () => this.link.jsm.consumers.info(stream, name));
      if (info.created === this.consumer.created) this.#heed(info);
      else this.#finishDeleted();
    } catch (error) {
      if (isMissing(error)) this.#finishDeleted();
      else this.link.log.debug?.({ err: error, consumer: name }, 'the consumer cannot be looked up');
      wait = true;
    } finally {
      this.#checking = false;
    }
    if (wait) this.#retryLater();
    else this.#refill();
  }

  /** What an operator allows, and a word where events come late by it. */
  #heed(info: ConsumerInfo): void {
    this.#limits = clampPull(this.options, info.config);
    const detail = describeDelay(this.#limits, info);
    if (detail !== undefined) this.#notify({ kind: 'limited', detail });
  }

  #finishDeleted(): void {
    if (this.#state !== 'running') return;
    this.#notify({ kind: 'deleted' });
    this.#end();
  }

  #interrupt(): void {
    if (this.#state !== 'running') return;
    this.#subscribe();
    this.#notify({ kind: 'interrupted' });
    void this.#check(false);
  }

  #fail(detail: string): void {
    this.#notify({ kind: 'limited', detail });
    this.#retryLater();
  }

  #retryLater(waitMs = RETRY_WAIT_MS): void {
    if (this.#retry !== undefined || this.#state !== 'running') return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#refill();
    }, waitMs);
  }

  #refill(): void {
    if (this.#state !== 'running' || this.#checking || this.#retry !== undefined || !this.link.connected) return;
    const { maxMessages } = this.options;
    const held = this.#buffer.size + this.#requests.outstanding;
    let room = maxMessages - held;
    if (held > 0 && room < Math.max(1, Math.floor(maxMessages * REFILL_SHARE))) return;
    for (; room > 0 && this.#requests.size < MOST_REQUESTS; room -= this.#limits.maxBatch) {
      this.#request(Math.min(room, this.#limits.maxBatch));
    }
    this.#armWatch();
  }

  #request(batch: number): void {
    const { expiresMs, heartbeatMs } = this.#limits;
    if (this.#requests.size === 0) this.#lastSeenMs = performance.now();
    const id = String((this.#requestCount += 1));
    const body = JSON.stringify({ batch, expires: nanos(expiresMs), idle_heartbeat: nanos(heartbeatMs) });
    const { stream_name: stream, name } = this.consumer;
    this.link.nc.publish(`${this.link.apiPrefix}.CONSUMER.MSG.NEXT.${stream}.${name}`, body, {
      reply: `${this.#inbox}.${id}`,
    });
    this.#requests.add(id, batch, performance.now() + expiresMs);
  }

  #armWatch(): void {
    if (this.#watch !== undefined || this.#state !== 'running') return;
    // After the sockets: what came in while the event loop was blocked counts as a sign of life.
    this.#watch = setTimeout(() => setImmediate(() => this.#lookForLife()), this.#limits.watchMs);
  }

  /** Heartbeats come only while the server has a request of ours; held back by the loop, silence is right. */
  #lookForLife(): void {
    this.#watch = undefined;
    if (this.#state !== 'running') return;
    const now = performance.now();
    const silenceMs = 2 * this.#limits.watchMs + RETRY_WAIT_MS;
    this.#requests.dropOverdue(now, silenceMs);
    if (this.link.connected && this.#requests.size > 0 && now - this.#lastSeenMs > silenceMs) this.#interrupt();
    else this.#refill();
    this.#armWatch();
  }

  #notify(notice: PullNotice): void {
    try {
      this.options.onNotice(notice);
    } catch (err) {
      this.link.log.error({ err, consumer: this.consumer.name }, 'a listener for pull notices failed');
    }
  }

  #wakeLoop(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    clearTimeout(this.#retry);
    clearTimeout(this.#watch);
    this.#stopListening.forEach((stop) => stop());
    if (!this.link.nc.isClosed()) this.#subscription?.unsubscribe();
    this.#wakeLoop();
  }
}
