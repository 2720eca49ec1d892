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
/** How often it is looked whether a rest is over. */
const REST_POLL_MS = 100;

export interface FeedOptions {
  nats: Nats;
  log: Logger;
  durable: DurableState;
  incarnation: string;
  /** Messages that are asked for at once, and may be in hand. */
  maxInHand: number;
  /** Keep the barrier after gaps. */
  ordered: boolean;
  /** Wait for all that is pending at the start, ordered or not. */
  startsClosed: boolean;
  /** How long the server keeps a request; default: as the pull has it. */
  expiresMs: number | undefined;
  decideBarrier: BarrierDecider;
  now(): number;
  onDelivery(feed: Feed, delivery: Delivery): void;
  listHeld(feed: Feed): readonly Held[];
  /** Lets go of what the server will deliver again. Returns how many cannot be let go yet. */
  forget(forgotten: readonly Held[]): number;
  /** The barrier has opened. */
  onOpen(): void;
  /** The durable's state was read anew. */
  onState(feed: Feed): void;
  /** False while the downstream is away: then nothing more is asked for, and the lag shows. */
  mayPull(): boolean;
  /** Resolves when there is room in hand. The server itself sees to it, but for a durable without acks. */
  untilRoom(): Promise<void>;
  /** The stream was deleted and made anew: sequences mean other messages now. */
  onReplaced(stream: string, formerIncarnation: string): void;
}

/** One durable of one consumer: pulls it, watches for gaps, and keeps its barrier. */
export class Feed {
  durable: DurableState;
  incarnation: string;
  readonly stream: string;
  /** As the durable was when this feed opened. */
  readonly deliveredAtStart: number;

  private pull: Pull | undefined;
  /** Undefined: any may come next. */
  private lastConsumerSequence: number | undefined;
  private stopped = false;
  private reading: Promise<void> = Promise.resolve();
  private readonly barrier: Barrier<Held>;
  private readonly statePoll: NodeJS.Timeout;

  constructor(private readonly options: FeedOptions) {
    const { durable, ordered, startsClosed } = options;
    this.durable = durable;
    this.stream = durable.stream;
    this.incarnation = options.incarnation;
    this.deliveredAtStart = durable.deliveredSequence;
    this.lastConsumerSequence = durable.deliveredCount;
    this.barrier = new Barrier({
      isOpen: durable.ackPending === 0 || !(ordered || startsClosed),
      decide: options.decideBarrier,
      readPending: () => this.readState(),
      listHeld: () => options.listHeld(this),
      now: options.now,
      forget: options.forget,
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

  /** Asks for nothing more until `mayPull` says yes; what is on its way is taken. */
  rest(): void {
    void this.pull?.stop();
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
        await this.recognise();
        this.pull = await this.options.nats.pull(this.stream, this.durable.name, {
          maxMessages: Math.min(
            PULL_SIZE,
            this.durable.maxAckPending > 0 ? this.durable.maxAckPending : this.options.maxInHand,
          ),
          expiresMs: this.options.expiresMs,
          onNotice: (notice) => this.notice(notice),
        });
        // The stop may have come while the pull was being opened, and found none to end.
        if (this.stopped) await this.pull.stop();
        for await (const delivery of this.pull) {
          this.receive(delivery);
          if (this.durable.ack === 'none') await this.options.untilRoom();
        }
      } catch (error) {
        if (!this.stopped) this.log('warn', { error: describeError(error) }, 'pulling failed; trying again');
      }
      if (this.stopped) return;
      if (this.options.mayPull()) await pause(REOPEN_MS);
      while (!this.stopped && !this.options.mayPull()) await pause(REST_POLL_MS);
    }
  }

  /** Whether the stream is still the one that we know. */
  private async recognise(): Promise<void> {
    const { incarnation } = await this.options.nats.streamState(this.stream);
    if (incarnation === this.incarnation) return;
    const former = this.incarnation;
    this.incarnation = incarnation;
    this.lastConsumerSequence = undefined;
    this.log('error', {}, 'the stream was deleted and made anew');
    this.options.onReplaced(this.stream, former);
  }

  private receive(delivery: Delivery): void {
    const last = this.lastConsumerSequence;
    const isNext = last === undefined || delivery.consumerSequence === last + 1;
    if (!isNext && this.options.ordered) this.closeBarrier('gap');
    this.lastConsumerSequence = delivery.consumerSequence;
    this.options.onDelivery(this, delivery);
  }

  private notice(notice: PullNotice): void {
    if (notice.kind === 'interrupted' && this.options.ordered) this.closeBarrier('interrupted');
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
    if (this.stopped) return;
    this.log('debug', { reason }, 'waiting for what is pending to come back');
    this.barrier.close();
  }

  /** Undefined where the server does not answer: what was true before decides nothing. */
  async readState(): Promise<DurableState | undefined> {
    try {
      const state = await this.options.nats.durableState(this.stream, this.durable.name);
      if (state) {
        if (this.durable.paused && !state.paused) this.pull?.nudge();
        this.durable = state;
        this.options.onState(this);
      }
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

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
