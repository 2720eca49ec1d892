import type { Delivery } from '@crm-mesh/jetstream';
import type { Logger } from '@crm-mesh/telemetry';
import type { ConsumerSpec } from './consumer-spec.js';
import type { Feed } from './feed.js';
import { laneOfSubject, restoreSubject } from './lane-key.js';
import { createHeld, Lane, type Held } from './lane.js';
import type { LaneRunner } from './lane-runner.js';
import { describeError } from './outcome.js';
import type { Parking } from './parking.js';
import type { Settler } from './settler.js';

/** The wait before a lane whose step failed (the store or the server is away) is tried again. */
const STEP_RETRY_MS = 1_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const STOP_POLL_MS = 10;

export interface EngineDependencies {
  settler: Settler;
  parking: Parking;
  runner: LaneRunner;
  feeds: readonly Feed[];
  log: Logger;
  now(): number;
}

/** Decides which lane runs next: one run at a time within a lane, up to `concurrency` lanes side by side. */
export class Engine {
  private readonly lanes = new Map<string, Lane>();
  private readonly ready = new Set<Lane>();
  private running = 0;
  private stopping = false;

  constructor(
    private readonly spec: ConsumerSpec,
    private readonly deps: EngineDependencies,
  ) {}

  receive(feed: Feed, delivery: Delivery, mayBeKnown: boolean): void {
    const subject = restoreSubject(this.spec.stream, delivery.subject);
    const { stream, sequence, data, storedAtMs } = delivery;
    const held = createHeld({
      ref: { stream, incarnation: feed.incarnation, sequence },
      item: { stream, subject, sequence, data, storedAtMs },
      delivery,
      nowMs: this.deps.now(),
      mayBeKnown,
    });
    if (this.spec.accepts && !this.spec.accepts(subject)) return this.deps.settler.release(held, 'ack', 'sifted');
    const inHand = this.deps.settler.held.get(held.key);
    if (inHand) {
      // Redelivered while in hand: only its newest delivery is sure to be settled.
      inHand.delivery = delivery;
      inHand.extendedAtMs = held.extendedAtMs;
      return;
    }
    this.deps.settler.held.set(held.key, held);
    const lane = this.laneFor(this.laneKey(held));
    lane.insert(held);
    this.schedule(lane);
  }

  restoreParked(key: string, dueMs: number, count: number): void {
    const lane = this.laneFor(key);
    lane.parked = { count, arriving: 0 };
    lane.notBeforeMs = dueMs;
    this.schedule(lane);
  }

  /** What held lanes back (the barrier, the breaker) is over. */
  resume(options: { waitNoLonger: boolean } = { waitNoLonger: false }): void {
    for (const lane of this.lanes.values()) {
      if (options.waitNoLonger && lane.state === 'idle' && (lane.waiting[0]?.attempts ?? 0) === 0) lane.notBeforeMs = 0;
      this.schedule(lane);
    }
  }

  parkedCounts(): { lanes: number; messages: number } {
    const parked = [...this.lanes.values()].flatMap((lane) => (lane.parked ? [lane.parked.count] : []));
    return { lanes: parked.length, messages: parked.reduce((sum, count) => sum + count, 0) };
  }

  /** Starts nothing more. */
  halt(): void {
    this.stopping = true;
    for (const lane of this.lanes.values()) clearTimeout(lane.timer);
  }

  /** After {@link halt}: waits for what runs (its signal aborts after the grace), gives the rest back in stream order. */
  async drain(graceMs: number): Promise<void> {
    const { settler, runner } = this.deps;
    const grace = setTimeout(() => settler.stopping.abort(), graceMs);
    while (this.running > 0) await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS));
    await Promise.all(runner.finishing);
    clearTimeout(grace);
    const rest = [...settler.held.values()].toSorted((a, b) => a.ref.sequence - b.ref.sequence);
    for (const held of rest) settler.release(held, 'back', 'returned');
  }

  private laneFor(key: string): Lane {
    let lane = this.lanes.get(key);
    if (!lane) {
      lane = new Lane(key);
      this.lanes.set(key, lane);
    }
    return lane;
  }

  private laneKey(held: Held): string {
    if (this.spec.policy.order === 'none') return held.key;
    return this.spec.laneOf ? this.spec.laneOf(held.item) : laneOfSubject(held.item.subject);
  }

  private schedule(lane: Lane): void {
    if (this.stopping || lane.state !== 'idle') return;
    clearTimeout(lane.timer);
    if (lane.isEmpty()) {
      this.lanes.delete(lane.key);
      return;
    }
    if (this.deps.feeds.some((feed) => !feed.isOpen)) return;
    if (lane.parked && lane.waiting.length > 0) this.deps.parking.append(lane);
    const waitMs = this.dueMs(lane) - this.deps.now();
    if (waitMs > 0) {
      lane.timer = setTimeout(() => this.schedule(lane), Math.min(waitMs, LONGEST_TIMER_MS));
      return;
    }
    lane.state = 'ready';
    this.ready.add(lane);
    this.runReady();
  }

  private dueMs(lane: Lane): number {
    const oldest = lane.waiting[0];
    if (!oldest || lane.parked) return lane.notBeforeMs;
    return Math.max(lane.notBeforeMs, oldest.receivedAtMs + this.deps.runner.gatherMs(oldest.item.subject));
  }

  private runReady(): void {
    for (const lane of this.ready) {
      if (this.running >= this.spec.policy.concurrency || this.stopping) return;
      this.ready.delete(lane);
      // A barrier that has closed since: it runs when that opens again.
      if (this.deps.feeds.some((feed) => !feed.isOpen)) {
        lane.state = 'idle';
        continue;
      }
      lane.state = 'running';
      this.running++;
      void this.runLane(lane);
    }
  }

  private async runLane(lane: Lane): Promise<void> {
    try {
      await this.deps.runner.run(lane);
    } catch (error) {
      lane.notBeforeMs = this.deps.now() + STEP_RETRY_MS;
      this.deps.log.error({ consumer: this.spec.name, error: describeError(error) }, 'a step failed; trying it again');
    }
    this.running--;
    lane.state = 'idle';
    this.schedule(lane);
    this.runReady();
  }
}
