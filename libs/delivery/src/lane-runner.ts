import type { Logger } from '@crm-mesh/telemetry';
import type { Breakers } from './breakers.js';
import type { ConsumerSpec } from './consumer-spec.js';
import type { Held, Lane } from './lane.js';
import type { ErrorInfo } from './outcome.js';
import type { ParkedMessage, Parking } from './parking.js';
import { runWithDeadline } from './run-with-deadline.js';
import { decideSettlement, type Decision } from './settlement.js';
import type { Settler } from './settler.js';
import type { DeliveryRecords } from './store/delivery-records.js';

/** Of a lane that gathered, so many run together at most. */
const LARGEST_GROUP = 100;
const KEPT_ATTEMPTS = 20;
const GONE: ErrorInfo = {
  name: 'MessageGone',
  message: 'the message is no longer in its stream (purged, or older than its max age) and cannot be run',
};

export interface LaneRunnerDependencies {
  settler: Settler;
  parking: Parking;
  breakers: Breakers;
  records: DeliveryRecords;
  log: Logger;
  now(): number;
}

/** One step of one lane: what runs, and what becomes of it. */
export class LaneRunner {
  /** What is being written down and acked while its lane has gone on. */
  readonly finishing = new Set<Promise<void>>();

  constructor(
    private readonly spec: ConsumerSpec,
    private readonly deps: LaneRunnerDependencies,
  ) {}

  /** How long the oldest waits for company before its lane runs. */
  gatherMs(subject: string): number {
    return this.spec.coalesceMsOf?.(subject) ?? this.spec.policy.coalesceMs;
  }

  async run(lane: Lane): Promise<void> {
    if (lane.parked) await this.runParked(lane);
    else await this.runHeld(lane);
  }

  private async runHeld(lane: Lane): Promise<void> {
    const group = lane.waiting.slice(0, this.groupSize(lane.waiting[0]!.item.subject));
    const { todo, known } = await this.recall(group);
    lane.remove(known);
    for (const held of known) this.deps.settler.release(held, 'ack', 'skipped');
    if (todo.length === 0) return;
    if (this.mustWaitForBreaker(lane, todo)) {
      if (this.deps.settler.held.size > this.spec.policy.maxAckPending / 2)
        await this.deps.parking.park(lane, () => ({}));
      return;
    }
    const { decision, durationMs } = await this.runHandler(todo);
    if (decision.kind === 'ack') {
      lane.remove(todo);
      this.finish(todo, durationMs);
    } else if (decision.kind === 'bury') {
      await this.deps.settler.bury(todo, decision.error);
      await this.deps.settler.writeDown(todo);
      lane.remove(todo);
      for (const held of todo) this.deps.settler.release(held, 'term', 'buried', { durationMs, error: decision.error });
    } else if (decision.kind === 'retry') {
      await this.waitHeld(lane, todo, decision, durationMs);
    }
  }

  private async runParked(lane: Lane): Promise<void> {
    const { parking, settler } = this.deps;
    // Asked before the read: what is on its way now may be in the store by the time that the read, which missed it, is back.
    const isComplete = lane.parked!.arriving === 0;
    const messages = await parking.read(lane, (subject) => this.groupSize(subject));
    if (messages.length === 0) {
      if (isComplete && lane.waiting.length === 0) await parking.unpark(lane);
      return;
    }
    const gone = messages.filter((message) => message.gone);
    if (gone.length > 0) return this.buryParked(lane, gone, GONE, 0);
    const { todo, known } = await this.recall(messages.map(({ held }) => held));
    const runs = messages.filter(({ held }) => todo.includes(held));
    if (known.length > 0)
      await parking.settle(
        lane,
        messages.filter((message) => !runs.includes(message)),
      );
    for (const held of known) settler.notify(held, 'skipped');
    if (runs.length === 0) return;
    if (this.mustWaitForBreaker(lane, todo)) return parking.postpone(lane);

    const { decision, durationMs } = await this.runHandler(todo);
    if (decision.kind === 'ack') {
      await parking.settle(lane, runs);
      for (const held of todo) settler.notify(held, 'acked', { durationMs });
    } else if (decision.kind === 'bury') {
      await this.buryParked(lane, runs, decision.error, durationMs);
    } else if (decision.kind === 'retry') {
      if (decision.spent) await this.deps.records.recordFailures(todo);
      lane.notBeforeMs = this.deps.now() + decision.delayMs;
      await parking.postpone(lane);
      const details = { durationMs, error: decision.error, nextAttemptInMs: decision.delayMs };
      for (const held of todo) settler.notify(held, 'retried', details);
    }
  }

  private async buryParked(lane: Lane, messages: ParkedMessage[], error: ErrorInfo, durationMs: number): Promise<void> {
    const group = messages.map(({ held }) => held);
    await this.deps.settler.bury(group, error);
    await this.deps.parking.settle(lane, messages);
    for (const held of group) this.deps.settler.notify(held, 'buried', { durationMs, error });
  }

  private groupSize(subject: string): number {
    return this.gatherMs(subject) > 0 ? LARGEST_GROUP : 1;
  }

  /** Asks the store about what it may know: what is done already, and how many attempts the rest has had. */
  private async recall(group: Held[]): Promise<{ todo: Held[]; known: Held[] }> {
    const unsure = group.filter((held) => held.mayBeKnown);
    if (unsure.length === 0) return { todo: group, known: [] };
    const memory = await this.deps.records.lookUp(unsure.map((held) => held.ref));
    const known = new Set<Held>();
    for (const held of unsure) {
      held.mayBeKnown = false;
      const item = memory.get(held.key);
      if (!item) continue;
      if (item.done) known.add(held);
      held.attempts = item.attempts;
      held.history = item.history;
    }
    return { todo: group.filter((held) => !known.has(held)), known: [...known] };
  }

  private mustWaitForBreaker(lane: Lane, todo: Held[]): boolean {
    const waitMs = this.deps.breakers.admit(this.breakerPart(todo));
    if (waitMs > 0) lane.notBeforeMs = this.deps.now() + waitMs;
    return waitMs > 0;
  }

  private breakerPart(todo: Held[]): string {
    return this.spec.breakerOf?.(todo[0]!.item.subject) ?? '';
  }

  private async runHandler(todo: Held[]): Promise<{ decision: Decision; durationMs: number }> {
    const startedMs = this.deps.now();
    const attempt = todo[0]!.attempts + 1;
    const input = { consumer: this.spec.name, items: todo.map((held) => held.item), attempt };
    const outcome = await runWithDeadline(this.spec.runHandler, input, {
      timeoutMs: this.spec.policy.timeoutMs,
      stopping: this.deps.settler.stopping.signal,
      onAbandoned: () =>
        this.deps.log.error(
          { consumer: this.spec.name, subject: todo[0]!.item.subject },
          'the handler ignored its abort signal and was left behind; it may still be running beside its next attempt',
        ),
    });
    this.deps.breakers.record(this.breakerPart(todo), outcome);
    const decision = decideSettlement(outcome, attempt, this.spec.policy, Math.random());
    if (decision.kind === 'bury' || (decision.kind === 'retry' && decision.spent)) {
      const failure = { at: new Date(startedMs).toISOString(), error: decision.error };
      for (const held of todo) {
        held.attempts++;
        held.history = [...held.history, failure].slice(-KEPT_ATTEMPTS);
      }
    }
    return { decision, durationMs: this.deps.now() - startedMs };
  }

  /** Written down where there is something to write, and only then acked; the lane need not wait for that. */
  private finish(todo: Held[], durationMs: number): void {
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

  private async waitHeld(
    lane: Lane,
    todo: Held[],
    decision: Extract<Decision, { kind: 'retry' }>,
    durationMs: number,
  ): Promise<void> {
    if (decision.spent) await this.deps.records.recordFailures(todo);
    lane.notBeforeMs = this.deps.now() + decision.delayMs;
    const { maxAckPending, parkAfterMs } = this.spec.policy;
    const details = { durationMs, error: decision.error, nextAttemptInMs: decision.delayMs };
    if (decision.delayMs > parkAfterMs || lane.waiting.length > maxAckPending / 4) {
      await this.deps.parking.park(lane, (held) => (todo.includes(held) ? details : {}));
      return;
    }
    for (const held of todo) this.deps.settler.notify(held, 'retried', details);
  }
}
