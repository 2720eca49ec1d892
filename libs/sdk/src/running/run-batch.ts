import type { EventPattern, MeshEvent } from '@crm-mesh/contract';
import type { BatchContext, BatchResult, Plugin } from '../plugin.js';
import { runInTime, type TimedRun } from './run-in-time.js';
import { classifyError, type Verdict } from './verdict.js';

/** One run of a plugin's handler of batches. */
export type BatchRun<C> = BatchContext<C> & TimedRun;

/** Events of a batch that failed, by where they stand in it; all others are done. */
export interface PartlyFailed {
  /** Tells it from what a whole batch came to. */
  kind: 'partly';
  /** Each with what it came to, in the order of the batch. */
  failed: { index: number; verdict: Exclude<Verdict, { kind: 'done' }> }[];
}

/** Runs a plugin's `handleBatch` once. Never rejects. */
export function runBatch<P extends EventPattern, C>(
  plugin: Plugin<P, C>,
  events: readonly MeshEvent<P>[],
  run: BatchRun<C>,
): Promise<Verdict | PartlyFailed> {
  return runInTime(run, async (context) => readFailed(events, await plugin.handleBatch?.(events, context)));
}

function readFailed(events: readonly MeshEvent[], result: BatchResult | void): Verdict | PartlyFailed {
  const named = new Map((result?.failed ?? []).map(({ id, error }) => [id, error]));
  const ids = new Set(events.map(({ id }) => id));
  const stranger = [...named.keys()].find((id) => !ids.has(id));
  if (stranger !== undefined)
    throw new TypeError(`handleBatch names "${stranger}" as failed, which is the id of no event of the batch`);
  const failed = events.flatMap(({ id }, index) => {
    const verdict = named.has(id) ? classifyError(named.get(id)) : undefined;
    return verdict && verdict.kind !== 'done' ? [{ index, verdict }] : [];
  });
  return failed.length === 0 ? { kind: 'done' } : { kind: 'partly', failed };
}
