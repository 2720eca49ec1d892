import type { Delivery, DurableState, Nats, Pull, PullNotice } from '@crm-mesh/jetstream';
import type { Logger } from '@crm-mesh/telemetry';
import { Barrier } from './barrier.js';
import type { BarrierDecider } from './decide-barrier.js';
import type { Held } from './lane.js';
import { describeError } from './outcome.js';

/** So many messages a pull asks for at most. */
const PULL_SIZE = 500;
/** How often the durable's state is read: lag, pause, an operator's limits. */
const STATE_POLL_MS = 5_000;
const REOPEN_MS = 1_000;

export interface FeedOptions {
  nats: Nats;
  log: Logger;
  durable: DurableState;
  incarnation: string;
  ordered: boolean;
  decideBarrier: BarrierDecider;
  now(): number;
  onDelivery(feed: Feed, delivery: Delivery): void;
  listHeld(feed: Feed): readonly Held[];
  /** The barrier has opened. */
  onOpen(): void;
}

/** One durable of one consumer: pulls it, watches for gaps, and keeps its barrier. */
export class Feed {
  durable: DurableState;
  readonly stream: string;
  readonly incarnation: string;
  private pull: Pull | undefined;
  private lastConsumerSequence = 0;
  private stopped = false;
  private reading: Promise<void> = Promise.resolve();
  private readonly barrier: Barrier<Held>;
  private readonly statePoll: NodeJS.Timeout;

  constructor(private readonly options: FeedOptions) {
    this.durable = options.durable;
    this.stream = options.durable.stream;
    this.incarnation = options.incarnation;
    this.barrier = new Barrier({
      isOpen: !options.ordered || options.durable.ackPending === 0,
      decide: options.decideBarrier,
      readPending: () => this.readPending(),
      listHeld: () => options.listHeld(this),
      now: options.now,
      onOpen: options.onOpen,
      onAlarm: () =>
        this.log(
          'error',
          {},
          'more is in hand than the server has pending: somebody purged the stream or acked by hand',
        ),
    });
    this.statePoll = setInterval(() => void this.readState(), STATE_POLL_MS).unref();
  }

  /** While false, no lane may run: older events may still be on their way back. */
  get isOpen(): boolean {
    return this.barrier.isOpen;
  }

  start(): void {
    this.reading = this.read();
    if (!this.isOpen) this.closeBarrier('start');
  }

  /** Asks for nothing more; what was buffered has been handed out when it resolves. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.statePoll);
    await this.pull?.stop();
    await this.reading;
    await this.barrier.stop();
  }

  private async read(): Promise<void> {
    while (!this.stopped) {
      try {
        this.pull = await this.options.nats.pull(this.stream, this.durable.name, {
          maxMessages: Math.min(PULL_SIZE, this.durable.maxAckPending > 0 ? this.durable.maxAckPending : PULL_SIZE),
          onNotice: (notice) => this.notice(notice),
        });
        // The stop may have come while the pull was being opened, and found none to end.
        if (this.stopped) await this.pull.stop();
        for await (const delivery of this.pull) this.receive(delivery);
      } catch (error) {
        if (!this.stopped) this.log('warn', { error: describeError(error) }, 'pulling failed; trying again');
      }
      if (!this.stopped) await new Promise((resolve) => setTimeout(resolve, REOPEN_MS));
    }
  }

  private receive(delivery: Delivery): void {
    const expected = this.lastConsumerSequence + 1;
    if (this.lastConsumerSequence > 0 && delivery.consumerSequence !== expected) this.closeBarrier('gap');
    this.lastConsumerSequence = delivery.consumerSequence;
    this.options.onDelivery(this, delivery);
  }

  private notice(notice: PullNotice): void {
    if (notice.kind === 'interrupted') this.closeBarrier('interrupted');
    if (notice.kind === 'limited')
      this.log('warn', { detail: notice.detail }, "an operator's limit is below what we ask");
    if (notice.kind === 'deleted') {
      this.log(
        'error',
        {},
        'the durable was deleted; waiting for it to come back, or for a restart that makes it anew',
      );
    }
  }

  private closeBarrier(reason: string): void {
    if (!this.options.ordered || this.stopped) return;
    this.log('debug', { reason }, 'waiting for what is pending to come back');
    this.barrier.close();
  }

  /** What was true before the server went away decides nothing. */
  private async readPending(): Promise<{ ackPending: number; ackWaitMs: number }> {
    const { ackPending, ackWaitMs } = (await this.readState()) ?? {
      ...this.durable,
      ackPending: Number.POSITIVE_INFINITY,
    };
    return { ackPending, ackWaitMs };
  }

  private async readState(): Promise<DurableState | undefined> {
    try {
      const state = await this.options.nats.durableState(this.stream, this.durable.name);
      if (state) this.durable = state;
      return state;
    } catch (error) {
      this.log('debug', { error: describeError(error) }, 'the state of the durable cannot be read now');
      return undefined;
    }
  }

  private log(level: 'debug' | 'warn' | 'error', fields: object, message: string): void {
    this.options.log[level]({ consumer: this.durable.name, stream: this.stream, ...fields }, message);
  }
}
