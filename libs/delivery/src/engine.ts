import type { Delivery } from '@crm-mesh/jetstream';
import type { Logger } from '@crm-mesh/telemetry';
import type { ConsumerSpec, HandlerItem } from './consumer-spec.js';
import type { Feed } from './feed.js';
import type { Holds } from './holds.js';
import { laneOfSubject, restoreSubject, storableLane } from './lane-key.js';
import { createHeld, Lane, type Held } from './lane.js';
import type { LaneRunner } from './lane-runner.js';
import { describeError } from './outcome.js';
import type { Parking } from './parking.js';
import { ownsLane } from './partition.js';
import { countLanesAtOnce } from './policy.js';
import type { Settler } from './settler.js';
import type { SuspectStep } from './suspect-run.js';
import { TURN_OF_ALL, TURN_OF_KEY } from './turns.js';

/** The wait before a lane whose step failed (the store or the server is away) is tried again. */
const STEP_RETRY_MS = 1_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const STOP_POLL_MS = 10;
/** Lanes that run without waiting for anything would else keep the event loop from timers and sockets. */
const MOST_RUNS_A_TURN = 64;

export interface EngineDependencies {
  settler: Settler;
  parking: Parking;
  runner: LaneRunner;
  holds: Holds;
  /** Whether no lane may run now: something is still on its way back, or suspects run apart. */
  isHeldBack(): boolean;
  /** What ran the lane's oldest has ended meanwhile: it is to run apart. */
  accuse(lane: Lane): void;
  /** A lane runs, not as a suspect; to be called back when it has ended. */
  beginRun(): () => void;
  log: Logger;
  now(): number;
  setTimer(callback: () => void, delayMs: number): NodeJS.Timeout;
}

/** What is known of a delivery as it comes. */
export interface Arrival {
  mayBeKnown: boolean;
  isSuspect: boolean;
}

/** Decides which lane runs next: one run at a time within a lane, up to `concurrency` lanes side by side. */
export class Engine {
  private readonly lanes = new Map<string, Lane>();
  private readonly ready = new Set<Lane>();
  private running = 0;
  private runsThisTurn = 0;
  private stopping = false;
  private readonly lanesAtOnce: number;
  /** The last that waits for its lane to be known. */
  private placing: Promise<void> | undefined;

  constructor(
    private readonly spec: ConsumerSpec,
    private readonly deps: EngineDependencies,
  ) {
    this.lanesAtOnce = countLanesAtOnce(spec.policy);
  }

  receive(feed: Feed, delivery: Delivery, arrival: (ref: Held['ref']) => Arrival): void {
    const subject = restoreSubject(this.spec.stream, delivery.subject);
    const { stream, sequence, data, storedAtMs } = delivery;
    const ref = { stream, incarnation: feed.incarnation, sequence };
    const item = { stream, subject, sequence, data, storedAtMs };
    const held = createHeld({ ref, item, delivery, nowMs: this.deps.now(), ...arrival(ref) });
    if (this.spec.accepts && !this.spec.accepts(subject)) {
      held.isPlaced = true;
      return this.deps.settler.release(held, 'ack', 'sifted');
    }
    const inHand = this.deps.settler.findInHand(held.key);
    if (inHand) {
      // Redelivered while in hand: only its newest delivery is sure to be settled.
      inHand.delivery = delivery;
      inHand.extendedAtMs = held.extendedAtMs;
      return;
    }
    this.deps.settler.held.set(held.key, held);
    this.place(held);
  }

  /** Whether it is wanted, and of a lane of this partition. */
  isOwn(item: HandlerItem): boolean | Promise<boolean> {
    const { accepts, partition, stream } = this.spec;
    const subject = restoreSubject(stream, item.subject);
    if (accepts && !accepts(subject)) return false;
    if (!partition) return true;
    const key = this.laneKey({ ...item, subject });
    return typeof key === 'string' ? ownsLane(partition, key) : key.then((found) => ownsLane(partition, found));
  }

  restoreParked(key: string, dueMs: number, count: number): void {
    const lane = this.laneFor(key);
    lane.parked = { count, arriving: 0 };
    lane.waitUntil(dueMs);
    this.schedule(lane);
  }

  /** Lets go of what waits and will be delivered again. Returns how many have to end first: they run, or are being stored. */
  forget(forgotten: readonly Held[]): number {
    const { held } = this.deps.settler;
    const gone = new Set(forgotten.filter(({ key }) => held.has(key)));
    if (gone.size === 0) return 0;
    const waiting = [...this.lanes.values()].flatMap((lane) => (lane.state === 'running' ? [] : lane.drop(gone)));
    const unplaced = [...gone].filter(({ isPlaced }) => !isPlaced);
    for (const { key } of [...waiting, ...unplaced]) held.delete(key);
    return gone.size - waiting.length - unplaced.length;
  }

  /** What held lanes back is over. */
  resume(): void {
    for (const lane of this.lanes.values()) this.schedule(lane);
  }

  /** A dead letter of the lane is resolved; `returned`: so many more stand in it in the store. */
  unhold(key: string, returned: number): void {
    const lane = this.laneFor(key);
    lane.parked ??= { count: 0, arriving: 0 };
    lane.parked.count += returned;
    this.schedule(lane);
  }

  /** A breaker has closed: what waited for it, and for nothing else, runs now. */
  release(part: string): void {
    for (const lane of this.lanes.values()) {
      if (lane.state !== 'idle' || lane.waitsFor !== part) continue;
      lane.waitUntil(0);
      this.schedule(lane);
    }
  }

  /** A place under the limit of its key is free. Returns whether the lane is still there and waits for it. */
  wake(lane: Lane): boolean {
    if (lane.state !== 'idle' || lane.waitsFor !== TURN_OF_KEY || this.lanes.get(lane.key) !== lane) return false;
    lane.waitUntil(0);
    this.schedule(lane);
    return true;
  }

  /** Whether something waits here that could run, and so show how the downstream is. */
  get hasWork(): boolean {
    return this.lanes.size > 0;
  }

  parkedCounts(): { lanes: number; messages: number } {
    const parked = [...this.lanes.values()].flatMap((lane) => (lane.parked ? [lane.parked.count] : []));
    return { lanes: parked.length, messages: parked.reduce((sum, count) => sum + count, 0) };
  }

  /** The heads of lanes that are suspect, while everything else is held back. */
  listSuspects(): SuspectStep[] {
    const steps: SuspectStep[] = [];
    // At a stop none of them would run, and who asks until there is none would go round and round.
    if (this.stopping) return steps;
    for (const lane of this.lanes.values()) {
      const [head] = lane.waiting;
      if (lane.parked || lane.state !== 'idle' || !head?.isSuspect || lane.notBeforeMs > this.deps.now()) continue;
      steps.push({ ref: head.ref, run: () => this.runAlone(lane, head) });
    }
    return steps;
  }

  /** Parked lanes that are due: their oldest may have been running. */
  listDueParked(): { key: string; run(): Promise<void> }[] {
    const isDue = ({ key, parked, notBeforeMs }: Lane): boolean =>
      parked !== undefined && notBeforeMs <= this.deps.now() && !this.deps.holds.isHeld(key);
    const due = [...this.lanes.values()].filter(isDue);
    return due.map((lane) => ({ key: lane.key, run: () => this.runAlone(lane) }));
  }

  /** Starts nothing more. */
  halt(): void {
    this.stopping = true;
    this.deps.runner.halt();
    for (const lane of this.lanes.values()) clearTimeout(lane.timer);
  }

  /** After {@link halt}: waits for what runs (its signal aborts after the grace), gives the rest back in stream order. */
  async drain(graceMs: number): Promise<void> {
    const { settler, runner, parking } = this.deps;
    const grace = setTimeout(() => settler.stopping.abort(), graceMs);
    while (this.running > 0) await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS));
    await Promise.all(runner.finishing);
    await parking.idle();
    clearTimeout(grace);
    settler.giveBack();
    // What is still tried in vain, because the store is away, is not tried for ever.
    settler.stopping.abort();
  }

  private laneFor(key: string): Lane {
    let lane = this.lanes.get(key);
    if (!lane) {
      lane = new Lane(key);
      this.lanes.set(key, lane);
    }
    return lane;
  }

  /** Where the lane has to be asked for, what came before gets its place before. */
  private place(held: Held): void {
    const key = this.spec.policy.order === 'none' ? held.key : this.laneKey(held.item);
    if (typeof key === 'string' && !this.placing) return this.enter(held, key);
    const placing = this.placeLater(held, key, this.placing).finally(() => {
      if (this.placing === placing) this.placing = undefined;
    });
    this.placing = placing;
  }

  private async placeLater(
    held: Held,
    key: string | Promise<string>,
    before: Promise<void> | undefined,
  ): Promise<void> {
    const [found] = await Promise.all([key, before]);
    // Else it was given back meanwhile.
    if (this.deps.settler.held.get(held.key) === held) this.enter(held, found);
  }

  private enter(held: Held, key: string): void {
    if (!ownsLane(this.spec.partition, key)) return this.deps.settler.release(held, 'ack', 'sifted');
    const lane = this.laneFor(key);
    held.isPlaced = true;
    lane.insert(held);
    if (lane.state === 'running') this.deps.runner.grow();
    else this.schedule(lane);
  }

  private laneKey(item: HandlerItem): string | Promise<string> {
    const own = this.spec.laneOf?.(item);
    if (own === undefined) return laneOfSubject(item.subject);
    return typeof own === 'string' ? storableLane(own) : own.then(storableLane);
  }

  private schedule(lane: Lane): void {
    if (this.stopping || lane.state !== 'idle') return;
    clearTimeout(lane.timer);
    if (lane.isEmpty()) {
      this.lanes.delete(lane.key);
      return;
    }
    if (this.deps.isHeldBack()) return;
    if (lane.parked && lane.waiting.length > 0) this.deps.parking.append(lane);
    if (this.deps.holds.isHeld(lane.key)) return;
    const waitMs = this.dueMs(lane) - this.deps.now();
    if (waitMs > 0) {
      lane.timer = this.deps.setTimer(() => this.schedule(lane), Math.min(waitMs, LONGEST_TIMER_MS));
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
      if (this.running >= this.lanesAtOnce || this.stopping) return;
      // The end of the turn goes on with the rest.
      if (this.runsThisTurn >= MOST_RUNS_A_TURN) return;
      this.ready.delete(lane);
      // A barrier that has closed since: it runs when that opens again.
      if (this.deps.isHeldBack()) {
        lane.state = 'idle';
        continue;
      }
      this.countRun();
      void this.runInTurn(lane);
    }
  }

  private countRun(): void {
    if (++this.runsThisTurn > 1) return;
    setImmediate(() => {
      this.runsThisTurn = 0;
      this.runReady();
    });
  }

  private async runInTurn(lane: Lane): Promise<void> {
    const endRun = this.deps.beginRun();
    await this.runLane(lane);
    endRun();
    this.schedule(lane);
    this.runReady();
  }

  /** A lane apart from all others. */
  async runAlone(lane: Lane, head?: Held): Promise<void> {
    if (this.stopping || lane.state !== 'idle') return;
    // Whatever it comes to, it has not ended the process.
    if (head) head.isSuspect = false;
    lane.isSuspect = false;
    lane.oneByOne = Math.max(lane.oneByOne, 1);
    await this.runLane(lane);
    // Until its turn has come it has not shown what it does.
    while ((lane.waitsFor === TURN_OF_ALL || lane.waitsFor === TURN_OF_KEY) && !this.stopping) {
      if (lane.notBeforeMs <= this.deps.now()) await this.runLane(lane);
      else await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS));
    }
  }

  private async runLane(lane: Lane): Promise<void> {
    lane.state = 'running';
    this.running++;
    try {
      await this.deps.runner.run(lane);
    } catch (error) {
      lane.waitUntil(this.deps.now() + STEP_RETRY_MS);
      this.deps.log.error({ consumer: this.spec.name, error: describeError(error) }, 'a step failed; trying it again');
    }
    this.running--;
    lane.state = 'idle';
    if (lane.isSuspect) this.deps.accuse(lane);
  }
}
