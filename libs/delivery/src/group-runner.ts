import type { Logger } from '@crm-mesh/telemetry';
import { Batches, type BatchPart, type PartResult, type Seat } from './batches.js';
import type { Breakers } from './breakers.js';
import type { ConsumerSpec } from './consumer-spec.js';
import type { Held } from './lane.js';
import type { RunOutcome } from './outcome.js';
import { Runs } from './runs.js';
import type { Settler } from './settler.js';
import type { DeliveryRecords, ItemRef } from './store/delivery-records.js';
import { KILLED } from './suspicion.js';
import { judgeRun, noteFailure, type Verdict } from './verdict.js';

export interface GroupRunnerDependencies {
  settler: Settler;
  breakers: Breakers;
  records: DeliveryRecords;
  /** Found to end the process: it is not run again. */
  isCondemned(ref: ItemRef): boolean;
  log: Logger;
  now(): number;
}

/** Runs the handler over what lies together, and judges the outcome. */
export class GroupRunner {
  private readonly runs: Runs;
  private readonly batches: Batches | undefined;

  constructor(
    private readonly spec: ConsumerSpec,
    private readonly deps: GroupRunnerDependencies,
  ) {
    const { timeoutMs, batch, concurrency } = spec.policy;
    this.runs = new Runs(spec.runHandler, { timeoutMs, stopping: deps.settler.stopping.signal });
    if (batch) this.batches = new Batches({ ...batch, atOnce: concurrency, run: (part) => this.runItems(part) });
  }

  breakerPart(todo: readonly Held[]): string {
    return this.spec.breakerOf?.(todo[0]!.item.subject) ?? '';
  }

  /** Asks the store about what it may know: what is done already, and how many attempts the rest has had. */
  async recall(group: Held[]): Promise<{ todo: Held[]; known: Held[] }> {
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

  get gathersBatches(): boolean {
    return this.batches !== undefined;
  }

  /** A place in a batch, for a lane that has so many; undefined at a stop. `alone`: with no other lane's. */
  async takeSeat(count: () => number, alone: boolean): Promise<Seat | undefined> {
    return this.batches?.join(count, alone);
  }

  /** A lane that waits for its seat has got more. */
  grow(): void {
    this.batches?.grow();
  }

  /** The verdicts are to be carried out in their order. */
  async run(todo: Held[], seat?: Seat): Promise<{ verdicts: Verdict[]; durationMs: number }> {
    const startedMs = this.deps.now();
    const result = await this.runTogether(todo, seat);
    const verdicts = judgeRun(todo, result, this.spec.policy);
    for (const verdict of verdicts) {
      if (verdict.kind === 'mixed') noteFailure(verdict, new Date(startedMs).toISOString());
    }
    return { verdicts, durationMs: this.deps.now() - startedMs };
  }

  /** Begins no batch any more: what waits for one is interrupted. */
  halt(): void {
    this.batches?.halt();
  }

  private async runTogether(todo: Held[], seat?: Seat): Promise<PartResult> {
    const together = todo.length;
    if (together === 1 && this.deps.isCondemned(todo[0]!.ref))
      return { outcome: { kind: 'permanent', error: KILLED }, together };
    const part = { items: todo.map((held) => held.item), attempt: todo[0]!.attempts + 1 };
    return seat?.bring(part) ?? { outcome: await this.runItems(part), together };
  }

  private async runItems({ items, attempt }: BatchPart): Promise<RunOutcome> {
    const { name: consumer, breakerOf } = this.spec;
    const { subject } = items[0]!;
    const outcome = await this.runs.start({ consumer, items, attempt }, () =>
      this.deps.log.error(
        { consumer, subject },
        'the handler ignored its abort signal and was left behind; it may still be running beside its next attempt',
      ),
    );
    this.deps.breakers.record(breakerOf?.(subject) ?? '', outcome);
    return outcome;
  }
}
