import { HARMLESS, LABELS, type Label } from '@crm-mesh/reconciliation';
import type { Metrics } from '@crm-mesh/telemetry';
import { nameSilent, sumLabels } from './report.js';
import type { Difference, RunRows } from './run-rows.js';
import { isWhole, sumUnits, type RunState } from './run-state.js';

/** What runs have found and done. Gauges tell of the last run over all records of a pair. */
export class ReconcileCounts {
  readonly #differences;
  readonly #compared;
  readonly #endedAt;
  readonly #silent;
  readonly #repairs;
  readonly #runs;

  constructor(metrics: Metrics) {
    const pair = ['leg', 'pair'] as const;
    const ofLabel = ['leg', 'pair', 'label'] as const;
    this.#differences = metrics.gauge('mesh_reconcile_differences', 'Records that differed in the last run', ofLabel);
    this.#compared = metrics.gauge('mesh_reconcile_compared', 'Records that the last run compared', pair);
    this.#endedAt = metrics.gauge('mesh_reconcile_ended_seconds', 'When the last run ended, as epoch seconds', pair);
    this.#silent = metrics.gauge(
      'mesh_reconcile_silent_ratio',
      'Of the records that the last run compared: never told by the CRM, or acknowledged and not applied by the plugin',
      pair,
    );
    this.#repairs = metrics.counter('mesh_reconcile_repairs_total', 'Repairs that were sent', ofLabel);
    this.#runs = metrics.counter('mesh_reconcile_runs_total', 'Runs that have ended', ['leg', 'pair', 'how']);
  }

  countRepaired({ pair }: RunState, repaired: readonly Difference[]): void {
    for (const { label } of repaired) this.#repairs.inc({ leg: pair.leg, pair: pair.name, label: label ?? '' });
  }

  countEnd({ pair, ended }: RunState): void {
    this.#runs.inc({ leg: pair.leg, pair: pair.name, how: ended?.how ?? '' });
  }

  /** Also of a run that another process has made. */
  async show(rows: RunRows, { run, pair, scope, units, ended }: RunState): Promise<void> {
    if (!isWhole(scope) || ended?.how !== 'over') return;
    const names = { leg: pair.leg, pair: pair.name };
    const sums = sumLabels(await rows.count(run));
    const { compared } = sumUnits(units);
    for (const label of Object.keys(LABELS) as Label[])
      if (!HARMLESS.has(label)) this.#differences.set({ ...names, label }, sums.get(label) ?? 0);
    this.#compared.set(names, compared);
    this.#endedAt.set(names, ended.atMs / 1_000);
    this.#silent.set(names, compared === 0 ? 0 : (sums.get(nameSilent(pair).label) ?? 0) / compared);
  }
}
