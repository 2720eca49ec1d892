import type { Nats } from '@crm-mesh/jetstream';
import type { Logger } from '@crm-mesh/telemetry';
import type { Breakers } from './breakers.js';
import { isBuried } from './bury.js';
import type { ConsumerSpec } from './consumer-spec.js';
import type { Held } from './lane.js';
import { keepAttempts, type ErrorInfo, type Outcome } from './outcome.js';
import { Runs } from './runs.js';
import { decideSettlement } from './settlement.js';
import type { Settler } from './settler.js';
import type { DeliveryRecords } from './store/delivery-records.js';
import type { ItemRef } from './store/item-rows.js';
import type { Superseding } from './superseding.js';
import { KILLED, weighDeath } from './suspicion.js';
import type { Turns } from './turns.js';

/** What becomes of the messages that ran together: each by its own attempts. */
export type Verdict =
  | { kind: 'ack' }
  | { kind: 'return' }
  /** One of them may have failed all the others. */
  | { kind: 'one-by-one' }
  | { kind: 'mixed'; buried: Held[]; retried: Held[]; error: ErrorInfo; delayMs: number; spent: boolean };

export interface GroupRun {
  verdict: Verdict;
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

  constructor(
    private readonly spec: ConsumerSpec,
    private readonly deps: GroupRunnerDependencies,
  ) {
    this.runs = new Runs(spec.runHandler, {
      timeoutMs: spec.policy.timeoutMs,
      stopping: deps.settler.stopping.signal,
    });
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
    }
    return { todo: group.filter((held) => !known.has(held)), known: [...known] };
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

  async run(todo: Held[]): Promise<GroupRun> {
    // Taken first: what waits for the handler together must not begin together.
    const endTurn = this.deps.turns.begin(this.limitKey(todo));
    const away = this.spec.untilReady?.();
    if (away && !(await away)) {
      endTurn();
      return { verdict: { kind: 'return' }, durationMs: 0, isSuspect: false };
    }
    const startedMs = this.deps.now();
    const outcome = await this.runHandler(todo);
    endTurn();
    this.deps.breakers.record(this.breakerPart(todo), outcome);
    const verdict = this.judge(todo, outcome);
    if (verdict.kind === 'mixed') noteFailure(verdict, new Date(startedMs).toISOString());
    const runsAgain = verdict.kind === 'mixed' && verdict.retried.length > 0;
    const isSuspect = runsAgain && outcome.kind === 'killed' && outcome.blame !== 'none';
    return { verdict, durationMs: this.deps.now() - startedMs, isSuspect };
  }

  private async runHandler(todo: Held[]): Promise<Outcome> {
    const { log, isCondemned } = this.deps;
    if (todo.length === 1 && isCondemned(todo[0]!.ref)) return { kind: 'permanent', error: KILLED };
    const { name } = this.spec;
    const input = { consumer: name, items: todo.map((held) => held.item), attempt: todo[0]!.attempts + 1 };
    return this.runs.start(input, () =>
      log.error(
        { consumer: name, subject: todo[0]!.item.subject },
        'the handler ignored its abort signal and was left behind; it may still be running beside its next attempt',
      ),
    );
  }

  private judge(todo: Held[], outcome: Outcome): Verdict {
    if (outcome.kind === 'permanent' && todo.length > 1) return { kind: 'one-by-one' };
    const random = Math.random();
    const verdict: Extract<Verdict, { kind: 'mixed' }> = {
      ...{ kind: 'mixed', buried: [], retried: [], delayMs: 0, spent: true },
      error: { name: 'Error', message: '' },
    };
    for (const held of todo) {
      const weighed = outcome.kind === 'killed' ? weighDeath(outcome, held.history) : outcome;
      const decision = decideSettlement(weighed, held.attempts + 1, this.spec.policy, random);
      if (decision.kind === 'ack' || decision.kind === 'return') return decision;
      verdict.error = decision.error;
      if (decision.kind === 'bury') verdict.buried.push(held);
      else {
        // The oldest one's wait: it has had the most attempts.
        if (verdict.retried.length === 0) ({ delayMs: verdict.delayMs, spent: verdict.spent } = decision);
        verdict.retried.push(held);
      }
    }
    return verdict;
  }
}

function noteFailure({ buried, retried, error, spent }: Extract<Verdict, { kind: 'mixed' }>, at: string): void {
  for (const held of spent ? [...buried, ...retried] : buried) {
    held.attempts++;
    held.history = keepAttempts([...held.history, { at, error }]);
  }
}
