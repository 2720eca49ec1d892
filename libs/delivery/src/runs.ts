import type { HandlerInput, HandlerRun, RunHandler } from './consumer-spec.js';
import { describeError, type Outcome, type RunOutcome } from './outcome.js';

/** After its signal was aborted a handler gets this long to end, so that no second run overlaps it. */
const GRACE_MS = 5_000;

export interface RunLimits {
  timeoutMs: number;
  /** Aborts what runs. */
  stopping: AbortSignal;
}

/**
 * The runs of one consumer, each with its deadline. They all get the same time, so the oldest is due first, and one timer
 * serves them all.
 */
export class Runs {
  /** The oldest first. */
  readonly #underWay = new Set<Run>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly runHandler: RunHandler,
    private readonly limits: RunLimits,
  ) {
    limits.stopping.addEventListener('abort', () => this.#interruptAll());
  }

  /**
   * One run. When the time is up its signal aborts and the outcome is a timeout; when `stopping` aborts it is
   * `interrupted`. A handler that ignores its signal is left behind after the grace: `onAbandoned` says so.
   */
  start(input: HandlerInput, onAbandoned: () => void): Promise<RunOutcome> {
    return new Promise((resolve) => {
      const run: Run = new Run(performance.now() + this.limits.timeoutMs, onAbandoned, (outcome) => {
        this.#underWay.delete(run);
        resolve(outcome);
      });
      this.#underWay.add(run);
      if (this.limits.stopping.aborted) run.interrupt(INTERRUPTED);
      else this.#timer ??= this.#wakeIn(this.limits.timeoutMs);
      void this.#handle(input, run);
    });
  }

  async #handle(input: HandlerInput, run: Run): Promise<void> {
    try {
      run.finish(await this.runHandler(input, run));
    } catch (error) {
      run.finish({ kind: 'failed', error: describeError(error) });
    }
  }

  #wakeIn(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = undefined;
      this.#interruptLate();
    }, delayMs);
  }

  #interruptLate(): void {
    const { timeoutMs } = this.limits;
    const nowMs = performance.now();
    for (const run of this.#underWay) {
      if (run.isInterrupted) continue;
      if (run.dueMs > nowMs) {
        this.#timer = this.#wakeIn(Math.ceil(run.dueMs - nowMs));
        return;
      }
      run.interrupt(timeoutOutcome(timeoutMs));
    }
  }

  #interruptAll(): void {
    clearTimeout(this.#timer);
    for (const run of this.#underWay) run.interrupt(INTERRUPTED);
  }
}

type Interruption = { reason: string; outcome: Outcome };

const INTERRUPTED: Interruption = { reason: 'the host is stopping', outcome: { kind: 'interrupted' } };

function timeoutOutcome(timeoutMs: number): Interruption {
  const reason = `the handler took longer than ${timeoutMs} ms`;
  return { reason, outcome: { kind: 'timeout', error: { name: 'TimeoutError', message: reason } } };
}

class Run implements HandlerRun {
  #interruption: Interruption | undefined;
  #controller: AbortController | undefined;
  #grace: NodeJS.Timeout | undefined;
  #onInterrupt: ((reason: string) => void) | undefined;

  constructor(
    readonly dueMs: number,
    private readonly onAbandoned: () => void,
    private readonly end: (outcome: RunOutcome) => void,
  ) {}

  get isInterrupted(): boolean {
    return this.#interruption !== undefined;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#interruption) this.#controller.abort(new Error(this.#interruption.reason));
    }
    return this.#controller.signal;
  }

  onInterrupt(listener: (reason: string) => void): void {
    this.#onInterrupt = listener;
    if (this.#interruption) listener(this.#interruption.reason);
  }

  interrupt(interruption: Interruption): void {
    if (this.#interruption) return;
    this.#interruption = interruption;
    this.#onInterrupt?.(interruption.reason);
    this.#controller?.abort(new Error(interruption.reason));
    this.#grace = setTimeout(() => {
      this.onAbandoned();
      this.end(interruption.outcome);
    }, GRACE_MS);
  }

  finish(outcome: RunOutcome): void {
    clearTimeout(this.#grace);
    // What did finish after all is done: running it again would only double it. What died did not die of the interruption.
    const counts = outcome.kind === 'done' || outcome.kind === 'partly' || outcome.kind === 'killed';
    this.end(this.#interruption && !counts ? this.#interruption.outcome : outcome);
  }
}
