import type { Nats } from '@crm-mesh/jetstream';
import { GroupCommit } from '@crm-mesh/store';
import { listDoneRefs, listReceipts } from './done.js';
import { createHeld, type Held, type Lane } from './lane.js';
import type { Settler, SettledDetails } from './settler.js';
import type { DeliveryRecords } from './store/delivery-records.js';
import type { ParkedItem, ParkedRecords } from './store/parked-records.js';

/** A message of a parked lane, or undefined where its stream does not have it any more. */
export interface ParkedMessage {
  parked: ParkedItem;
  held: Held;
  gone: boolean;
}

/**
 * Lanes that wait long lie in the store: their deliveries are acked, so that they hold neither memory nor
 * `max_ack_pending`, and later events of the same record join them there.
 */
export class Parking {
  private readonly arrivals: GroupCommit<{ lane: Lane; held: Held }>;
  private readonly arriving = new Set<Promise<void>>();
  private ordinal = 0;

  constructor(
    private readonly deps: {
      nats: Nats;
      records: DeliveryRecords;
      parked: ParkedRecords;
      settler: Settler;
      /** Whether what is done goes into the inbox. */
      remembers: boolean;
      /** Of a stream as it is now: one made anew counts from 1 again, and the same sequence is another message. */
      incarnationOf(stream: string): string | undefined;
      now(): number;
    },
  ) {
    this.arrivals = new GroupCommit((items) => deps.settler.insist(() => this.commit(items)));
  }

  /** Reads what was parked before the start. */
  async load(): Promise<{ lane: string; dueMs: number; count: number }[]> {
    this.ordinal = await this.deps.parked.highestOrdinal();
    return this.deps.parked.listLanes();
  }

  /** Moves messages of a lane into the store, the oldest first. Rejects when the store refuses: then it goes on waiting in hand. */
  async park(lane: Lane, moving: readonly Held[], details: (held: Held) => SettledDetails): Promise<void> {
    await this.deps.parked.park(moving.map((held) => this.describe(lane, held)));
    lane.parked = { count: moving.length, arriving: 0 };
    lane.remove(moving);
    for (const held of moving) this.deps.settler.release(held, 'ack', 'parked', details(held));
  }

  /** Moves what came for a parked lane to the end of it. */
  append(lane: Lane): void {
    const parked = lane.parked!;
    const joining = lane.waiting;
    lane.waiting = [];
    for (const held of joining) {
      parked.arriving++;
      // Rejects only when stopping: what did not arrive is still in hand, and goes back.
      const arriving: Promise<void> = this.arrivals
        .add({ lane, held })
        .catch(() => undefined)
        .finally(() => {
          parked.arriving--;
          this.arriving.delete(arriving);
        });
      this.arriving.add(arriving);
    }
  }

  /** The place in its lane of what is about to be parked. */
  nextOrdinal(): number {
    return ++this.ordinal;
  }

  /** Resolves when nothing is on its way into the store. */
  async idle(): Promise<void> {
    await Promise.all(this.arriving);
  }

  /** The oldest of a parked lane, read again from its stream. */
  async read(lane: Lane, groupSizeOf: (subject: string) => number): Promise<ParkedMessage[]> {
    const [oldest] = await this.deps.parked.read(lane.key, 1);
    if (!oldest) return [];
    const groupSize = groupSizeOf(oldest.subject);
    const rows = groupSize === 1 ? [oldest] : await this.deps.parked.read(lane.key, groupSize);
    const messages: ParkedMessage[] = [];
    for (const parked of rows) messages.push(await this.readMessage(parked));
    return messages;
  }

  /** The oldest of a parked lane, without reading them from their streams. */
  list(lane: Lane, limit: number): Promise<ParkedItem[]> {
    return this.deps.parked.read(lane.key, limit);
  }

  /** Finished, whatever it came to: out of the store. */
  async settle(lane: Lane, messages: readonly { parked: ParkedItem; held?: Held }[]): Promise<void> {
    const refs = messages.map(({ parked }) => parked.ref);
    const all = messages.flatMap(({ held }) => held ?? []);
    const more = { done: all.flatMap(listDoneRefs), receipts: listReceipts(all) };
    // Insisted on: the handler has run, and a rejection here would run it again.
    await this.deps.settler.insist(() => this.deps.parked.settle(refs, this.deps.remembers, this.deps.now(), more));
    lane.parked!.count -= refs.length;
  }

  async postpone(lane: Lane): Promise<void> {
    await this.deps.parked.postponeLane(lane.key, lane.notBeforeMs);
  }

  /** The lane is empty and nothing is on its way into it: what comes next runs from the hand again. */
  async unpark(lane: Lane): Promise<void> {
    await this.deps.parked.removeLane(lane.key);
    lane.parked = undefined;
    lane.waitUntil(0);
  }

  private async readMessage(parked: ParkedItem): Promise<ParkedMessage> {
    const { nats } = this.deps;
    const { stream, incarnation, sequence } = parked.ref;
    const stored = await nats.getMessage(stream, sequence);
    const current = this.deps.incarnationOf(stream) === incarnation ? stored : undefined;
    const item = {
      stream,
      subject: parked.subject,
      sequence,
      data: current?.data ?? new Uint8Array(),
      storedAtMs: current?.storedAtMs ?? 0,
    };
    const held = createHeld({ ref: parked.ref, item, message: current, nowMs: this.deps.now(), mayBeKnown: true });
    return { parked, held, gone: current === undefined };
  }

  private async commit(items: { lane: Lane; held: Held }[]): Promise<void> {
    const unsure = items.filter(({ held }) => held.mayBeKnown).map(({ held }) => held.ref);
    const memory = unsure.length > 0 ? await this.deps.records.lookUp(unsure) : new Map();
    const there = unsure.length > 0 ? await this.deps.parked.listAmong(unsure) : new Set();
    const fresh = items.filter(({ held }) => memory.get(held.key)?.done !== true);
    await this.deps.parked.park(fresh.map(({ lane, held }) => this.describe(lane, held)));
    for (const { lane, held } of fresh) {
      if (lane.parked && !there.has(held.key)) lane.parked.count++;
      this.deps.settler.release(held, 'ack', 'parked');
    }
    for (const { held } of items) {
      if (memory.get(held.key)?.done === true) this.deps.settler.release(held, 'ack', 'skipped');
    }
  }

  private describe(lane: Lane, held: Held): Parameters<ParkedRecords['park']>[0][number] {
    return {
      ref: held.ref,
      subject: held.item.subject,
      lane: lane.key,
      ordinal: this.nextOrdinal(),
      dueMs: lane.notBeforeMs,
    };
  }
}
