import type { Seat } from './batches.js';
import type { Breakers } from './breakers.js';
import { Coalescing } from './coalescing.js';
import type { ConsumerSpec } from './consumer-spec.js';
import type { GroupRunner } from './group-runner.js';
import type { Holds } from './holds.js';
import type { Held, Lane } from './lane.js';
import type { ErrorInfo } from './outcome.js';
import type { ParkedMessage, Parking } from './parking.js';
import type { Settler } from './settler.js';
import type { DeliveryRecords } from './store/delivery-records.js';
import { TURN_OF_ALL, TURN_OF_KEY, type Turns } from './turns.js';
import type { Mixed, Verdict } from './verdict.js';

/** Of a lane that gathered, so many run together at most. */
const LARGEST_GROUP = 100;
/** Given back while nobody stops the consumer (yet): whoever asked for that is about to. */
const RETURNED_MS = 500;
const GONE: ErrorInfo = {
  name: 'MessageGone',
  message: 'the message is no longer in its stream (purged, or older than its max age) and cannot be run',
};

export interface LaneRunnerDependencies {
  settler: Settler;
  parking: Parking;
  breakers: Breakers;
  turns: Turns;
  records: DeliveryRecords;
  groups: GroupRunner;
  holds: Holds;
  /** As the durable has it now: an operator's word counts. */
  maxAckPending(): number;
  /** Whether everything that was delivered has arrived; while it has not, what is missing belongs before what waits. */
  isComplete(): boolean;
  now(): number;
}

/** One step of one lane: what runs, and what becomes of it. */
export class LaneRunner {
  /** What is being written down and acked while its lane has gone on. */
  readonly finishing = new Set<Promise<void>>();
  private readonly coalescing: Coalescing;

  constructor(
    private readonly spec: ConsumerSpec,
    private readonly deps: LaneRunnerDependencies,
  ) {
    this.coalescing = new Coalescing(spec, deps);
  }

  /** How long the oldest waits for company before its lane runs. */
  gatherMs(subject: string): number {
    return this.spec.coalesceMsOf?.(subject) ?? this.spec.policy.coalesceMs;
  }

  async run(lane: Lane): Promise<void> {
    const isEmpty = (lane.parked ? lane.parked.count : lane.waiting.length) === 0;
    if (isEmpty || !this.deps.groups.gathersBatches) return this.runStep(lane);
    const seat = await this.deps.groups.takeSeat(
      () => (lane.parked ? lane.parked.count : lane.waiting.length),
      lane.oneByOne > 0,
    );
    if (!seat) return lane.waitUntil(this.deps.now() + RETURNED_MS);
    try {
      // While it waited for its seat, something older may have got lost on the way.
      if (this.deps.isComplete()) await this.runStep(lane, seat);
    } finally {
      seat.leave();
    }
  }

  /** A running lane has got more. */
  grow(): void {
    this.deps.groups.grow();
  }

  /** Begins no run any more. */
  halt(): void {
    this.deps.groups.halt();
  }

  private async runStep(lane: Lane, seat?: Seat): Promise<void> {
    if (this.spec.policy.coalesceAfterEvents > 0) await this.coalescing.passOver(lane);
    if (lane.parked) await this.runParked(lane, seat);
    else if (lane.waiting.length > 0) await this.runHeld(lane, seat);
  }

  private async runHeld(lane: Lane, seat?: Seat): Promise<void> {
    const { settler, groups } = this.deps;
    const group = lane.waiting.slice(0, seat?.room ?? this.groupSize(lane, lane.waiting[0]!.item.subject));
    const { todo, known } = await groups.recall(group);
    if (known.length > 0) lane.remove(known);
    for (const held of known) settler.release(held, 'ack', 'skipped');
    if (todo.length === 0) return;
    if (this.mustWait(lane, todo)) return this.parkWaiting(lane);
    const { verdicts, durationMs, isSuspect } = await groups.run(todo, seat);
    lane.isSuspect = isSuspect;
    this.countDown(lane, verdicts, todo);
    for (const verdict of verdicts) await this.carryOut(lane, verdict, durationMs);
  }

  private async carryOut(lane: Lane, verdict: Verdict, durationMs: number): Promise<void> {
    if (verdict.kind === 'ack') {
      lane.remove(verdict.done);
      this.finish(verdict.done, durationMs);
    }
    if (verdict.kind === 'drop') {
      lane.remove(verdict.dropped);
      this.drop(verdict.dropped, verdict.error, durationMs);
    }
    if (verdict.kind === 'return') lane.waitUntil(this.deps.now() + RETURNED_MS);
    if (verdict.kind !== 'mixed') return;
    await this.buryHeld(lane, verdict, durationMs);
    if (verdict.retried.length > 0) await this.waitHeld(lane, verdict, durationMs);
  }

  private drop(dropped: readonly Held[], error: ErrorInfo, durationMs: number): void {
    for (const held of dropped) this.deps.settler.release(held, 'ack', 'dropped', { durationMs, error });
  }

  private async buryHeld(lane: Lane, { buried, error }: Mixed, durationMs: number): Promise<void> {
    if (buried.length === 0) return;
    const { settler, holds, parking } = this.deps;
    const letters = await settler.bury(buried, error);
    await holds.hold(
      lane,
      buried.map((held, index) => ({ held, letterSequence: letters[index]!, ordinal: parking.nextOrdinal() })),
    );
    await settler.writeDown(buried);
    lane.remove(buried);
    for (const held of buried) settler.release(held, 'term', 'buried', { durationMs, error });
  }

  private async waitHeld(lane: Lane, verdict: Mixed, durationMs: number): Promise<void> {
    const { records, parking, settler, now, maxAckPending } = this.deps;
    const { retried, error, delayMs, spent } = verdict;
    if (spent) await records.recordFailures(retried);
    // What waits in a lane that is held joins it in the store.
    if (!lane.parked) lane.waitUntil(now() + delayMs);
    const details = { durationMs, error, nextAttemptInMs: delayMs };
    const isCrowded = lane.waiting.length > maxAckPending() / 4;
    if (!lane.parked && (delayMs > this.spec.policy.parkAfterMs || isCrowded)) {
      await parking.park(lane, this.movable(lane, retried), (held) => (retried.includes(held) ? details : {}));
      return;
    }
    for (const held of retried) settler.notify(held, 'retried', details);
  }

  /** What is missing has its place behind what ran, and before the rest: which stays in hand until it is back. */
  private movable(lane: Lane, ran: readonly Held[]): readonly Held[] {
    return this.deps.isComplete() ? [...lane.waiting] : ran;
  }

  private async runParked(lane: Lane, seat?: Seat): Promise<void> {
    const { parking, settler, groups } = this.deps;
    // Asked before the read: what is on its way now may be in the store by the time that the read, which missed it, is back.
    const isComplete = lane.parked!.arriving === 0;
    const messages = await parking.read(lane, (subject) => seat?.room ?? this.groupSize(lane, subject));
    if (messages.length === 0) {
      // Never at once again: what is on its way needs the event loop, which a lane that goes round and round would keep.
      if (!isComplete) await parking.idle();
      else if (lane.waiting.length === 0) await parking.unpark(lane);
      return;
    }
    const gone = messages.filter((message) => message.gone);
    if (gone.length > 0) return this.buryParked(lane, gone, GONE, 0);
    const { todo, known } = await groups.recall(messages.map(({ held }) => held));
    await this.settleParked(lane, messages, known);
    for (const held of known) settler.notify(held, 'skipped');
    if (todo.length === 0) return;
    if (this.mustWait(lane, todo)) return parking.postpone(lane);

    const { verdicts, durationMs, isSuspect } = await groups.run(todo, seat);
    lane.isSuspect = isSuspect;
    this.countDown(lane, verdicts, todo);
    for (const verdict of verdicts) await this.carryOutParked(lane, messages, { verdict, durationMs });
  }

  private async carryOutParked(
    lane: Lane,
    messages: ParkedMessage[],
    { verdict, durationMs }: { verdict: Verdict; durationMs: number },
  ): Promise<void> {
    const { parking, settler, records, now } = this.deps;
    if (verdict.kind === 'ack') {
      await this.settleParked(lane, messages, verdict.done);
      for (const held of verdict.done) settler.notify(held, 'acked', { durationMs });
    }
    if (verdict.kind === 'drop') {
      await this.settleParked(lane, messages, verdict.dropped);
      this.drop(verdict.dropped, verdict.error, durationMs);
    }
    if (verdict.kind === 'return') lane.waitUntil(now() + RETURNED_MS);
    if (verdict.kind !== 'mixed') return;
    const { buried, retried, error, delayMs, spent } = verdict;
    if (buried.length > 0)
      await this.buryParked(
        lane,
        messages.filter(({ held }) => buried.includes(held)),
        error,
        durationMs,
      );
    if (retried.length === 0) return;
    if (spent) await records.recordFailures(retried);
    lane.waitUntil(now() + delayMs);
    await parking.postpone(lane);
    for (const held of retried) settler.notify(held, 'retried', { durationMs, error, nextAttemptInMs: delayMs });
  }

  private async settleParked(lane: Lane, messages: ParkedMessage[], done: readonly Held[]): Promise<void> {
    if (done.length === 0) return;
    await this.deps.parking.settle(
      lane,
      messages.filter(({ held }) => done.includes(held)),
    );
  }

  private async buryParked(lane: Lane, messages: ParkedMessage[], error: ErrorInfo, durationMs: number): Promise<void> {
    const { settler, holds, parking } = this.deps;
    const group = messages.map(({ held }) => held);
    const letters = await settler.bury(group, error);
    await holds.hold(
      lane,
      messages.map(({ held, parked }, index) => ({ held, letterSequence: letters[index]!, ordinal: parked.ordinal })),
    );
    await parking.settle(lane, messages);
    for (const held of group) settler.notify(held, 'buried', { durationMs, error });
  }

  private groupSize(lane: Lane, subject: string): number {
    return lane.oneByOne === 0 && this.gatherMs(subject) > 0 ? LARGEST_GROUP : 1;
  }

  private countDown(lane: Lane, [first]: readonly Verdict[], todo: readonly Held[]): void {
    if (first?.kind === 'one-by-one') lane.oneByOne = todo.length;
    else if (lane.oneByOne > 0) lane.oneByOne--;
  }

  /** For its turn under a limit, or for its downstream to be back. Asked for last: a breaker may make this run its probe. */
  private mustWait(lane: Lane, todo: readonly Held[]): boolean {
    const { turns, groups, breakers, now } = this.deps;
    const turn = turns.ask(lane, groups.limitKey(todo));
    if (turn) {
      lane.waitUntil(now() + turn.ms, turn.for);
      return true;
    }
    const part = groups.breakerPart(todo);
    const waitMs = breakers.admit(part);
    if (waitMs > 0) lane.waitUntil(now() + waitMs, part);
    // What it waited for has come.
    else lane.waitUntil(0);
    return waitMs > 0;
  }

  /** Where others can go on pulling goes on for them: what waits here must not fill the hand. */
  private async parkWaiting(lane: Lane): Promise<void> {
    const { settler, parking, maxAckPending, now } = this.deps;
    // From the store it would run again after a crash.
    if (this.spec.policy.ack === 'none') return;
    const isTurnOfKey = lane.waitsFor === TURN_OF_KEY;
    if (!isTurnOfKey && (lane.waitsFor === TURN_OF_ALL || !this.spec.breakerOf)) return;
    const isLong = isTurnOfKey && lane.notBeforeMs - now() > this.spec.policy.parkAfterMs;
    if (!isLong && settler.held.size <= maxAckPending() / 2) return;
    await parking.park(lane, this.movable(lane, lane.waiting.slice(0, 1)), () => ({}));
  }

  /** Written down where there is something to write, and only then acked; the lane need not wait for that. */
  private finish(todo: readonly Held[], durationMs: number): void {
    const { settler } = this.deps;
    const ack = () => {
      for (const held of todo) settler.release(held, 'ack', 'acked', { durationMs });
    };
    if (!settler.writesDown(todo)) return ack();
    // Rejects only when stopping with a store that refuses: then it goes back and runs again.
    const finishing: Promise<void> = settler
      .writeDown(todo)
      .then(ack, () => undefined)
      .finally(() => this.finishing.delete(finishing));
    this.finishing.add(finishing);
  }
}
