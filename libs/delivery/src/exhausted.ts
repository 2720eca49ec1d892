import type { Nats } from '@crm-mesh/jetstream';
import type { Logger } from '@crm-mesh/telemetry';
import type { Feed } from './feed.js';
import type { HandlerItem } from './consumer-spec.js';
import { createHeld } from './lane.js';
import { describeError, type ErrorInfo } from './outcome.js';
import type { Settler } from './settler.js';
import type { DeliveryRecords } from './store/delivery-records.js';
import { keyOf, type ItemRef } from './store/item-rows.js';
import type { ParkedRecords } from './store/parked-records.js';
import type { Sweep, SweepRecords } from './store/sweep-records.js';

/** So many messages are looked at in one go; the next go is some seconds later. */
const MESSAGES_AT_ONCE = 2_000;

const EXHAUSTED: ErrorInfo = {
  name: 'DeliveriesExhausted',
  message:
    'the server gave it up: it was delivered as often as the `max_deliver` of the durable allows, and never settled',
};
const FORGOTTEN: ErrorInfo = {
  name: 'DeliveryForgotten',
  message: 'the server holds it for settled, and nobody settled it: an exhausted delivery of which no advisory came',
};

export interface ExhaustedOptions {
  /** The durable. */
  consumer: string;
  nats: Nats;
  log: Logger;
  settler: Settler;
  records: DeliveryRecords;
  parked: ParkedRecords;
  sweeps: SweepRecords;
  /** Whether the inbox knows everything that is done: else what nobody settled cannot be told. */
  remembers: boolean;
  /** Whether it is wanted, and of a lane of this partition. */
  isOwn(item: HandlerItem): boolean | Promise<boolean>;
  now(): number;
}

/**
 * Where an operator has set `max_deliver`, the server stops delivering what was never settled. Its advisories, which lie
 * in CRM_ADVISORIES, and a sweep over what it takes for settled make dead letters of such messages.
 */
export class Exhausted {
  #looking: Promise<void> | undefined;
  #warned = false;

  constructor(private readonly options: ExhaustedOptions) {}

  /** To be called whenever the durable's state was read. Does nothing without a `max_deliver`. */
  look(feed: Feed): void {
    const { maxDeliver } = feed.durable;
    if (maxDeliver <= 0 || this.#looking) return;
    const { consumer, log } = this.options;
    if (!this.#warned) {
      log.warn(
        { consumer, stream: feed.stream, maxDeliver },
        'an operator has set max_deliver: what it exhausts is buried',
      );
    }
    this.#warned = true;
    this.#looking = this.#lookAt(feed)
      .catch((error: unknown) =>
        log.warn({ consumer, error: describeError(error) }, 'exhausted deliveries could not be looked for'),
      )
      .finally(() => (this.#looking = undefined));
  }

  async idle(): Promise<void> {
    await this.#looking;
  }

  async #lookAt(feed: Feed): Promise<void> {
    const { sweeps } = this.options;
    const { stream, incarnation } = feed;
    const floor = feed.durable.ackFloorSequence;
    // What lies behind the floor at the first look was settled before anybody kept a record of it.
    const sweep = (await sweeps.read(stream, incarnation)) ?? { sweptTo: floor, advisedTo: 0 };
    const advisedTo = await this.#readAdvisories(feed, sweep);
    const sweptTo = this.options.remembers ? await this.#sweep(feed, sweep.sweptTo, floor) : floor;
    await sweeps.save(stream, incarnation, { sweptTo, advisedTo });
  }

  async #readAdvisories(feed: Feed, { advisedTo }: Sweep): Promise<number> {
    const { nats, consumer } = this.options;
    const filterSubject = `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.${feed.stream}.${consumer}`;
    let last = advisedTo;
    for await (const message of nats.readStream('CRM_ADVISORIES', { fromSequence: advisedTo + 1, filterSubject })) {
      const { stream_seq: sequence } = JSON.parse(Buffer.from(message.data).toString()) as { stream_seq: number };
      await this.#buryUnsettled(feed, [sequence], EXHAUSTED);
      last = message.sequence;
    }
    return last;
  }

  async #sweep(feed: Feed, sweptTo: number, floor: number): Promise<number> {
    const { nats, isOwn } = this.options;
    const options = { fromSequence: sweptTo + 1, toSequence: floor, filterSubject: feed.durable.filterSubject };
    if (sweptTo >= floor) return sweptTo;
    const wanted: number[] = [];
    let looked = 0;
    let last = sweptTo;
    for await (const item of nats.readStream(feed.stream, options)) {
      if (await isOwn(item)) wanted.push(item.sequence);
      last = item.sequence;
      if (++looked >= MESSAGES_AT_ONCE) break;
    }
    const sweptUpTo = looked >= MESSAGES_AT_ONCE ? last : floor;
    const held = await this.#buryUnsettled(feed, wanted, FORGOTTEN);
    // What is in hand may yet be lost with this process: it is looked at again.
    return Math.min(sweptUpTo, ...held.map((sequence) => sequence - 1));
  }

  /** Of these, what is neither in hand nor parked nor done. Resolves to what is in hand. */
  async #buryUnsettled(feed: Feed, sequences: readonly number[], error: ErrorInfo): Promise<number[]> {
    const { settler, records, parked, log, consumer } = this.options;
    const refs = sequences.map((sequence) => ({ stream: feed.stream, incarnation: feed.incarnation, sequence }));
    // Looked for in the order in which messages move, from hand to store to inbox: else one is moved past the look.
    const inHand = new Set(refs.filter((ref) => settler.held.has(keyOf(ref))));
    const loose = refs.filter((ref) => !inHand.has(ref));
    const parkedKeys = await parked.listAmong(loose);
    const memory = await records.lookUp(loose);
    for (const ref of loose) {
      const key = keyOf(ref);
      if (parkedKeys.has(key) || memory.get(key)?.done) continue;
      const held = await this.#read(ref);
      if (!held || !(await this.options.isOwn(held.item))) continue;
      Object.assign(held, { attempts: memory.get(key)?.attempts ?? 0, history: memory.get(key)?.history ?? [] });
      await settler.bury([held], error);
      await settler.writeDown([held]);
      settler.notify(held, 'buried', { error });
      log.warn({ consumer, stream: ref.stream, sequence: ref.sequence, reason: error.name }, 'buried');
    }
    return [...inHand].map(({ sequence }) => sequence);
  }

  async #read(ref: ItemRef): Promise<ReturnType<typeof createHeld> | undefined> {
    const stored = await this.options.nats.getMessage(ref.stream, ref.sequence);
    if (!stored) return undefined;
    const { stream, subject, sequence, data, storedAtMs } = stored;
    const item = { stream, subject, sequence, data, storedAtMs };
    return createHeld({ ref, item, message: stored, nowMs: this.options.now(), mayBeKnown: false });
  }
}
