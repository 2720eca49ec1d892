import { MeshError } from '@crm-mesh/contract';
import type { RunReport, RunStatus } from '@crm-mesh/control';
import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { CONTROL_OPTIONS, type ControlOptions } from '../../control/control-options.js';
import { buildReport, describeProgress, sumDifferences } from '../run/report.js';
import type { RunState } from '../run/run-state.js';
import {
  ReconcileCommand,
  ReconcileListCommand,
  ReconcilePairCommand,
  ReconcileReportCommand,
} from './reconcile-commands.js';

const EXAMPLES = 5;
const LISTED = 50;

/** `mesh.ctl.publisher.reconcile…`: any publisher answers, by what is written down. */
@Controller()
export class ReconcileController {
  constructor(@Inject(CONTROL_OPTIONS) private readonly options: ControlOptions) {}

  /** Begins a run, or goes on with the one that asked. */
  @MessagePattern('reconcile')
  async begin(@Payload() command: ReconcileCommand): Promise<RunStatus> {
    if (!command) throw new MeshError('MESH_CONTROL_INVALID', 'reconcile needs pair and by.');
    return this.#describe(await this.#runs.begin(command));
  }

  @MessagePattern('reconcile-status')
  async status(@Payload() command: ReconcileReportCommand | undefined): Promise<RunStatus> {
    return this.#describe(await this.#runs.find(command ?? {}));
  }

  /** Resolves to null where none runs. */
  @MessagePattern('reconcile-cancel')
  async cancel(@Payload() command: ReconcilePairCommand): Promise<RunStatus | null> {
    if (!command) throw new MeshError('MESH_CONTROL_INVALID', 'reconcile-cancel needs pair.');
    const cancelled = await this.#runs.cancel(command.pair);
    return cancelled ? this.#describe(cancelled) : null;
  }

  @MessagePattern('reconcile-report')
  async report(@Payload() command: ReconcileReportCommand | undefined): Promise<RunReport> {
    const state = await this.#runs.find(command ?? {});
    return buildReport(this.options.reconciler.rows, state, command?.examples ?? EXAMPLES);
  }

  /** The newest first. */
  @MessagePattern('reconcile-list')
  async list(@Payload() command: ReconcileListCommand | undefined): Promise<RunStatus[]> {
    const states = await this.#runs.list(command?.pair, command?.limit ?? LISTED);
    return Promise.all(states.map((state) => this.#describe(state)));
  }

  /** What can be compared: connections whose source can go through all records, and plugins that say what they hold. */
  @MessagePattern('reconcile-pairs')
  pairs(): Promise<string[]> {
    return this.options.listPairs();
  }

  get #runs() {
    return this.options.reconciler.runs;
  }

  async #describe(state: RunState): Promise<RunStatus> {
    const { run, pair, by, begunMs, phase, repair, repaired, uncounted, ended, trouble } = state;
    const differences = sumDifferences(await this.options.reconciler.rows.count(run));
    return {
      ...{ run, pair, by, begunAt: new Date(begunMs).toISOString(), phase, repair, differences, repaired },
      how: ended?.how ?? 'running',
      ...(ended?.why === undefined ? {} : { why: ended.why }),
      ...(uncounted === undefined ? {} : { uncounted }),
      progress: describeProgress(state),
      ...(trouble ? { trouble: trouble.message } : {}),
    };
  }
}
