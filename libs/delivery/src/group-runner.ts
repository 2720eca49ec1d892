import type { Logger } from '@crm-mesh/telemetry';
import type { Breakers } from './breakers.js';
import type { ConsumerSpec } from './consumer-spec.js';
import type { Held } from './lane.js';
import type { ErrorInfo, Outcome } from './outcome.js';
import { Runs } from './runs.js';
import { decideSettlement } from './settlement.js';
import type { Settler } from './settler.js';
import type { DeliveryRecords, ItemRef } from './store/delivery-records.js';
import { KILLED } from './suspicion.js';

const KEPT_ATTEMPTS = 20;

/** What becomes of the messages that ran together: each by its own attempts. */
export type Verdict =
  | { kind: 'ack' }
  | { kind: 'return' }
  /** One of them may have failed all the others. */
  | { kind: 'one-by-one' }
  | { kind: 'mixed'; buried: Held[]; retried: Held[]; error: ErrorInfo; delayMs: number; spent: boolean };

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

  async run(todo: Held[]): Promise<{ verdict: Verdict; durationMs: number }> {
    const startedMs = this.deps.now();
    const outcome = await this.runHandler(todo);
    this.deps.breakers.record(this.breakerPart(todo), outcome);
    const verdict = this.judge(todo, outcome);
    if (verdict.kind === 'mixed') noteFailure(verdict, new Date(startedMs).toISOString());
    return { verdict, durationMs: this.deps.now() - startedMs };
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
      const decision = decideSettlement(outcome, held.attempts + 1, this.spec.policy, random);
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
    held.history = [...held.history, { at, error }].slice(-KEPT_ATTEMPTS);
  }
}
