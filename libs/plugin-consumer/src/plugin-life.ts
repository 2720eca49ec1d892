import type { HandlerRun } from '@crm-mesh/delivery';
import type { RunOutcome } from '@crm-mesh/delivery/outcome';
import type { Plugin } from '@crm-mesh/sdk';
import { answerQuestion, openSink, refuseTransaction, type Sink } from '@crm-mesh/sdk/running';
import type { PluginLog, RunInPlace, RunInput } from './run-handler.js';

/** Who asks waits a little longer. */
const ANSWER_MS = 25_000;

/** A plugin with its configuration and its sink, in the thread where it runs: setup, runs, teardown. */
export class PluginLife {
  #sink: Sink | undefined;
  #run: RunInPlace | undefined;

  constructor(
    private readonly plugin: Plugin,
    private readonly config: unknown,
    private readonly log: PluginLog,
  ) {}

  async setup(): Promise<void> {
    this.#sink = await openSink(this.plugin, this.config);
    await this.plugin.setup?.(this.context);
  }

  async teardown(): Promise<void> {
    await this.plugin.teardown?.(this.context);
    await this.close();
  }

  run(input: RunInput, run: Pick<HandlerRun, 'signal'>): Promise<RunOutcome> {
    return this.#run ? this.#run(input, run, this.#sink) : this.#runFirst(input, run);
  }

  /** What checks events is worth its memory only where some come. */
  async #runFirst(input: RunInput, run: Pick<HandlerRun, 'signal'>): Promise<RunOutcome> {
    const { createRunHandler } = await import('./run-handler.js');
    this.#run ??= createRunHandler(this.plugin, this.config, this.log);
    return this.#run(input, run, this.#sink);
  }

  /** What was done before cannot come again: the inbox in the sink may forget it. */
  async forget(beforeMs: number): Promise<void> {
    await this.#sink?.forget(beforeMs);
  }

  /** What lies downstream, as the plugin's `reconcile` says. Rejects with MESH_RECONCILE_INVALID or _FAILED. */
  answer(question: unknown): Promise<object> {
    const { config, log } = this;
    const sink = this.#sink ? { sink: this.#sink.reader } : {};
    const signal = AbortSignal.timeout(ANSWER_MS);
    return answerQuestion(this.plugin, question, { config, log, signal, injected: [], ...sink });
  }

  /** Which of the events the inbox in the sink has as done. */
  async listDone(eventIds: readonly string[]): Promise<string[]> {
    return (await this.#sink?.listDone(eventIds)) ?? [];
  }

  async close(): Promise<void> {
    const sink = this.#sink;
    this.#sink = undefined;
    await sink?.close();
  }

  private get context() {
    const { config, log } = this;
    return { config, log, transaction: this.#sink?.transaction ?? refuseTransaction, injected: [] };
  }
}
