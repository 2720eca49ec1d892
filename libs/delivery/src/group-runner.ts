import type { Nats } from '@crm-mesh/jetstream';
import type { Logger } from '@crm-mesh/telemetry';
import { Batches, type BatchPart, type PartResult, type Seat } from './batches.js';
import type { Breakers } from './breakers.js';
import { isBuried } from './bury.js';
import { markOf, noteDone, originOf } from './done.js';
import type { ConsumerSpec, HandlerItem } from './consumer-spec.js';
import type { Held } from './lane.js';
import type { RunOutcome } from './outcome.js';
import { Runs } from './runs.js';
import type { Settler } from './settler.js';
import type { DeliveryRecords } from './store/delivery-records.js';
import { keyOf, type ItemRef } from './store/item-rows.js';
import type { Superseding } from './superseding.js';
import { KILLED } from './suspicion.js';
import type { Turns } from './turns.js';
import { judgeRun, noteFailure, runsAgain, type Verdict } from './verdict.js';

export interface GroupRun {
  /** To be carried out in their order. */
  verdicts: Verdict[];
  durationMs: number;
  /** One of them may have ended what ran them. */
  isSuspect: boolean;
}

export interface GroupRunnerDependencies {
  nats: Nats;
  settler: Settler;
  breakers: Breakers;
  turns: Turns;
  records: DeliveryRecords;
  superseding: Superseding | undefined;
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

  /** Whose limits it counts under. */
  limitKey(todo: readonly Held[]): string {
    return this.spec.limitKeyOf?.(todo[0]!.item) ?? '';
  }

  /** What need not run: it is done or buried already, or superseded. Of the rest: how many attempts it has had. */
  async recall(group: Held[]): Promise<{ todo: Held[]; known: Held[] }> {
    const unsure = group.filter((held) => held.mayBeKnown || held.ref.stream === 'CRM_DIRECT');
    if (unsure.length === 0) return { todo: group, known: [] };
    const known = await this.askStore(unsure.filter((held) => held.mayBeKnown));
    for (const held of unsure) {
      if (held.ref.stream !== 'CRM_DIRECT' || known.has(held)) continue;
      if (await this.deps.superseding?.isSuperseded(held)) known.add(held);
      else if (await this.isReplayedInVain(held)) known.add(held);
    }
    return { todo: group.filter((held) => !known.has(held)), known: [...known] };
  }

  /** Its original is done, by any way, and nobody asked to run it again. */
  private async isReplayedInVain(held: Held): Promise<boolean> {
    const mark = markOf(held);
    if (mark?.run === undefined || mark.again) return false;
    const original = originOf(held);
    if (this.deps.settler.isBeingWritten(keyOf(original))) return true;
    return (await this.deps.records.lookUp([original])).get(keyOf(original))?.done === true;
  }

  private async askStore(unsure: readonly Held[]): Promise<Set<Held>> {
    const known = new Set<Held>();
    const memory = await this.deps.records.lookUp(unsure.map((held) => held.ref));
    for (const held of unsure) {
      const item = memory.get(held.key);
      held.attempts = item?.attempts ?? held.attempts;
      held.history = item?.history ?? held.history;
      if (item?.done) known.add(held);
      // The process was killed between burying and settling it. In strict order it is buried again: its lane must be held.
      else if (
        this.spec.policy.order !== 'strict' &&
        held.attempts > 0 &&
        (await isBuried(this.deps.nats, this.spec.name, held))
      ) {
        await this.deps.settler.writeDown([held]);
        known.add(held);
      }
      held.mayBeKnown = false;
    }
    return known;
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

  async run(todo: Held[], seat?: Seat): Promise<GroupRun> {
    // Taken first: what waits for the handler together must not begin together.
    const endTurn = this.deps.turns.begin(this.limitKey(todo));
    const away = this.spec.untilReady?.();
    if (away && !(await away)) {
      endTurn();
      return { verdicts: [{ kind: 'return' }], durationMs: 0, isSuspect: false };
    }
    const startedMs = this.deps.now();
    const result = await this.runTogether(todo, seat);
    endTurn();
    const verdicts = judgeRun(todo, result, this.spec.policy);
    noteDone(todo, result.outcome);
    for (const verdict of verdicts) {
      if (verdict.kind === 'mixed') noteFailure(verdict, new Date(startedMs).toISOString());
    }
    const { outcome } = result;
    const isSuspect = outcome.kind === 'killed' && outcome.blame !== 'none' && verdicts.some(runsAgain);
    return { verdicts, durationMs: this.deps.now() - startedMs, isSuspect };
  }

  /** Begins no batch any more: what waits for one is interrupted. */
  halt(): void {
    this.batches?.halt();
  }

  private async runTogether(todo: Held[], seat?: Seat): Promise<PartResult> {
    const together = todo.length;
    if (together === 1 && this.deps.isCondemned(todo[0]!.ref))
      return { outcome: { kind: 'permanent', error: KILLED }, together };
    const part = { items: todo.map(describeItem), attempt: todo[0]!.attempts + 1 };
    return seat?.bring(part) ?? { outcome: await this.runItems(part), together };
  }

  private async runItems({ items, attempt }: BatchPart): Promise<RunOutcome> {
    // Gone since the first lanes of the batch brought theirs.
    const away = this.spec.untilReady?.();
    if (away && !(await away)) return { kind: 'interrupted' };
    const { name: consumer, breakerOf, isHeld } = this.spec;
    // Another may run it already.
    if (isHeld && !isHeld()) return { kind: 'interrupted' };
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

function describeItem(held: Held): HandlerItem {
  return markOf(held)?.again ? { ...held.item, again: held.key } : held.item;
}
