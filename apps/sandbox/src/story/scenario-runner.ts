import { setTimeout as pause } from 'node:timers/promises';
import type { CrmStore } from '../crm/crm-store.js';
import type { KnobBoard } from '../hubspot/webhooks/knob-board.js';
import type { WebhookCounts } from '../hubspot/webhooks/webhook-counts.js';
import type { WebhookSender } from '../hubspot/webhooks/webhook-sender.js';
import { countTruth, type Truth } from './count-truth.js';
import type { ScenarioOperation } from './operation.js';
import { DEFAULT_SCENARIO, planScenario, type ScenarioOptions } from './plan-scenario.js';
import { NameBook, runOperation } from './run-operation.js';

export interface ScenarioRequest extends Partial<ScenarioOptions> {
  /** How long a day lasts after its webhooks are through; longer than the mesh gathers changes of one record. */
  dayMs?: number;
  /** How long a day's webhooks may take. */
  settleTimeoutMs?: number;
}

export interface ScenarioResult {
  /** What the operations alone say must stand in the CRM, of this scenario's records. */
  truth: Truth;
  operations: number;
  /** What the scenario's changes made of webhooks; with the retries and duplicates. */
  webhooks: Omit<WebhookCounts, 'pending'>;
  receiverFailures: number;
  /** Whether all webhooks were delivered or given up in time. */
  settled: boolean;
  durationMs: number;
}

export interface ScenarioParts {
  store: CrmStore;
  sender: WebhookSender;
  board: KnobBoard;
}

const DEFAULT_DAY_MS = 1_500;
const DEFAULT_SETTLE_TIMEOUT_MS = 60_000;

/** Plays bounded scenarios, one at a time. */
export class ScenarioRunner {
  private runs = 0;
  private readonly stopping = new AbortController();
  running = false;

  constructor(private readonly parts: ScenarioParts) {}

  stop(): void {
    this.stopping.abort();
  }

  async run(request: ScenarioRequest): Promise<ScenarioResult> {
    if (this.running) throw new Error('A scenario is being played already: wait until it has ended.');
    this.running = true;
    try {
      return await this.play(request);
    } finally {
      this.running = false;
    }
  }

  private async play(request: ScenarioRequest): Promise<ScenarioResult> {
    const { dayMs = DEFAULT_DAY_MS, settleTimeoutMs = DEFAULT_SETTLE_TIMEOUT_MS, ...wished } = request;
    // A wish that was not uttered is there as undefined.
    const uttered = Object.fromEntries(Object.entries(wished).filter(([, value]) => value !== undefined));
    const options = { ...DEFAULT_SCENARIO, ...uttered };
    const operations = planScenario(options, `-s${(this.runs += 1)}`);
    const before = { ...this.parts.sender.counts };
    const startedAtMs = performance.now();
    const names = new NameBook();
    let settled = true;
    for (const operation of operations) {
      if (operation.do === 'next-day') settled = (await this.endDay(settleTimeoutMs, dayMs)) && settled;
      else this.perform(operation, names, before.made);
    }
    return {
      truth: countTruth(operations),
      operations: operations.length,
      webhooks: subtractCounts(this.parts.sender.counts, before),
      receiverFailures: options.receiverFailures,
      settled,
      durationMs: Math.round(performance.now() - startedAtMs),
    };
  }

  private perform(
    operation: Exclude<ScenarioOperation, { do: 'next-day' }>,
    names: NameBook,
    madeBefore: number,
  ): void {
    const { store, sender, board } = this.parts;
    if (operation.do === 'repeat-webhooks') sender.repeat(operation.count, sender.counts.made - madeBefore);
    else if (operation.do === 'fail-receiver')
      board.turn({ receiverFailNext: operation.count, receiverFailStatus: operation.status });
    else runOperation(store, names, operation);
  }

  private async endDay(settleTimeoutMs: number, dayMs: number): Promise<boolean> {
    const { signal } = this.stopping;
    const late = new AbortController();
    const timeout = pause(settleTimeoutMs, false, { signal: AbortSignal.any([signal, late.signal]) }).catch(
      () => false,
    );
    const settled = await Promise.race([this.parts.sender.whenSettled().then(() => true), timeout]);
    late.abort();
    await pause(dayMs, undefined, { signal });
    return settled;
  }
}

function subtractCounts(now: Readonly<WebhookCounts>, before: Readonly<WebhookCounts>): ScenarioResult['webhooks'] {
  const { pending: _, ...counts } = now;
  const differences = Object.entries(counts).map(([name, value]) => [
    name,
    value - before[name as keyof WebhookCounts],
  ]);
  return Object.fromEntries(differences) as ScenarioResult['webhooks'];
}
