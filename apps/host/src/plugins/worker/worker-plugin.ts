import { refuseConfig } from '@crm-mesh/config';
import { MeshError } from '@crm-mesh/contract';
import type { HandlerInput, HandlerItem, HandlerRun, RunHandler } from '@crm-mesh/delivery';
import type { RunOutcome } from '@crm-mesh/delivery/outcome';
import type { DropIn } from '@crm-mesh/drop-ins';
import type { PluginCode, PluginSummary, Restarting } from '@crm-mesh/plugin-consumer';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import { withinLimit } from '../within-limit.js';
import { computeRestartMs, countDeaths, type Death } from './death.js';
import { LaneQuestions } from './lane-questions.js';
import { PluginWorker, type PluginWorkerOptions } from './plugin-worker.js';
import { ReadyGate } from './ready-gate.js';

export interface WorkerPluginOptions {
  /** The modules of worker-main.ts and of the plugin, as a worker can run them. */
  main: string;
  module: string;
  dropIn: DropIn;
  heapMb: number;
  log: Logger;
  metrics: Metrics;
}

/** A plugin in a worker of its own; when that ends, in the next one. */
export class WorkerPlugin implements PluginCode {
  summary!: PluginSummary;
  restarting: Restarting | undefined;
  private worker: PluginWorker;
  private values: unknown;
  /** Between setup and close: then a worker that ends is followed by another. */
  private isInUse = false;
  private isConsuming = false;
  private readonly gate = new ReadyGate();
  private readonly questions = new LaneQuestions();
  private deathsInRow = 0;
  private bornMs = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: WorkerPluginOptions) {
    this.worker = this.startWorker();
  }

  /** Throws MESH_PLUGIN_INVALID. */
  async load(): Promise<void> {
    const { file } = this.options.dropIn;
    const answer = await this.worker.ask({ step: 'load' }).catch((cause: Error) => {
      throw new MeshError('MESH_PLUGIN_INVALID', `${file} could not be loaded: ${cause.message}.`, {
        cause,
        cure: 'Mend what runs when the file is loaded; what needs a connection or configuration belongs in setup().',
      });
    });
    if ('refusal' in answer) {
      const { code, what, cure } = answer.refusal;
      throw new MeshError(code, what, { cure });
    }
    this.summary = answer.plugin;
  }

  async configure(values: Record<string, unknown>): Promise<void> {
    this.values = values;
    refuseConfig(await this.worker.ask({ step: 'configure', values }), values, `plugins.${this.summary.name}`);
  }

  async setup(): Promise<void> {
    await withinLimit(this.worker.ask({ step: 'setup' }));
    this.isInUse = true;
    this.bornMs = performance.now();
  }

  async teardown(): Promise<void> {
    this.isInUse = false;
    clearTimeout(this.timer);
    // A handler that was left behind may block it, or still use what teardown takes away.
    if (this.restarting || this.worker.isBusy) return;
    await withinLimit(this.worker.ask({ step: 'teardown' }));
  }

  readonly runHandler: RunHandler = (input: HandlerInput, run: HandlerRun): Promise<RunOutcome> =>
    this.worker.run(input, run);

  laneOf(item: HandlerItem): Promise<string> {
    return this.questions.ask(item, this.restarting ? undefined : this.worker);
  }

  untilReady(): Promise<boolean> | undefined {
    if (!this.restarting) return undefined;
    return this.isConsuming ? this.gate.wait() : Promise.resolve(false);
  }

  setConsuming(isConsuming: boolean): void {
    this.isConsuming = isConsuming;
    if (!isConsuming) this.gate.open(false);
  }

  async forget(beforeMs: number): Promise<void> {
    if (!this.restarting) await this.worker.ask({ step: 'forget', beforeMs });
  }

  async answer(question: unknown): Promise<object> {
    if (this.restarting) throw new Error(this.restarting.reason);
    return this.worker.ask({ step: 'answer', question });
  }

  async listDone(eventIds: readonly string[]): Promise<string[]> {
    return this.restarting ? [] : this.worker.ask({ step: 'done', eventIds });
  }

  async close(): Promise<void> {
    this.isInUse = false;
    clearTimeout(this.timer);
    await this.worker.close();
  }

  private startWorker(): PluginWorker {
    const { main, module, dropIn, heapMb, log } = this.options;
    const options: PluginWorkerOptions = {
      ...{ main, heapMb },
      facts: { module, dropIn, logLevel: log.level },
      onLine: ({ level, fields, message }) => log[level](JSON.parse(fields) as object, message),
      onDeath: (death, inHand) => this.onDeath(worker, death, inHand),
    };
    const worker = new PluginWorker(options);
    return worker;
  }

  private onDeath(worker: PluginWorker, death: Death, inHand: number): void {
    if (death.reason === 'closed') return;
    const { metrics, dropIn } = this.options;
    metrics
      .counter('mesh_plugin_worker_deaths_total', 'Workers of plugins that ended by themselves or had to be ended.', [
        'plugin',
        'reason',
      ])
      .inc({ plugin: dropIn.name, reason: death.reason });
    // One that ends while it is started again has failed that.
    if (!this.isInUse || worker !== this.worker || this.restarting) return;
    this.deathsInRow = countDeaths(this.deathsInRow, performance.now() - this.bornMs);
    this.restartLater({ reason: `its worker ended: ${death.what}`, cure: death.cure }, inHand);
  }

  private restartLater(why: Restarting, inHand: number): void {
    this.restarting = why;
    const restartInMs = computeRestartMs(this.deathsInRow);
    const { reason, cure } = why;
    this.options.log.error({ reason, cure, inHand, restartInMs }, 'the plugin is started again');
    this.timer = setTimeout(() => void this.restart(), restartInMs);
  }

  private async restart(): Promise<void> {
    const worker = (this.worker = this.startWorker());
    try {
      await this.load();
      await worker.ask({ step: 'configure', values: this.values });
      await withinLimit(worker.ask({ step: 'setup' }));
      await this.questions.clear(worker);
    } catch (error) {
      await worker.close();
      if (!this.isInUse) return;
      this.deathsInRow += 1;
      const cure = error instanceof MeshError ? error.cure : 'Mend what the reason names; it is tried again by itself.';
      return this.restartLater({ reason: error instanceof Error ? error.message : String(error), cure }, 0);
    }
    if (!this.isInUse) return;
    this.restarting = undefined;
    this.bornMs = performance.now();
    this.options.log.info({ deathsInRow: this.deathsInRow }, 'the plugin runs again');
    this.gate.open(true);
  }
}
