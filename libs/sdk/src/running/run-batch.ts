import type { EventPattern, MeshEvent } from '@crm-mesh/contract';
import type { BatchContext, BatchResult, Plugin } from '../plugin.js';
import type { InjectionToken } from '../providers.js';
import { RunOnce, type SinkOfRun } from '../sink/run-once.js';
import { runInTime, type TimedRun } from './run-in-time.js';
import { derive } from './run-plugin.js';
import { classifyError, type Verdict } from './verdict.js';

/** One run of a plugin's handler of batches. */
export type BatchRun<C, P extends EventPattern = EventPattern> = BatchContext<C, readonly InjectionToken[], P> &
  TimedRun;

/** Events of a batch that failed, by where they stand in it; all others are done. */
export interface PartlyFailed {
  /** Tells it from what a whole batch came to. */
  kind: 'partly';
  /** Each with what it came to, in the order of the batch. */
  failed: { index: number; verdict: Exclude<Verdict, { kind: 'done' }> }[];
  /** Of the others, those whose effect was there already, in the plugin's sink. */
  skipped?: number[];
}

/** Runs a plugin's `handleBatch` once. Never rejects. `own`: of a plugin with a sink. */
// oxlint-disable-next-line max-params -- what runs, over what, how, and in what database
export function runBatch<P extends EventPattern, C>(
  plugin: Plugin<P, C>,
  events: readonly MeshEvent<P>[],
  run: BatchRun<C, P>,
  own?: SinkOfRun,
): Promise<Verdict | PartlyFailed> {
  return runInTime(run, async (context) => {
    const once = own?.sink && new RunOnce(own, () => context.signal);
    const laneOf = (event: MeshEvent<P>): string => readLane(plugin, event);
    const given = once ? derive(context, { transaction: once.forBatch(events, laneOf) }) : context;
    const verdict = readFailed(events, await plugin.handleBatch?.(events, given));
    return once ? noteSkipped(events, verdict, once.skipped) : verdict;
  });
}

function readLane<P extends EventPattern>({ key }: Pick<Plugin<P>, 'key'>, event: MeshEvent<P>): string {
  try {
    if (key) return key(event);
  } catch {
    // Its record, as in the host.
  }
  return `${event.source}/${event.subject}`;
}

function noteSkipped(
  events: readonly MeshEvent[],
  verdict: Verdict | PartlyFailed,
  skippedIds: ReadonlySet<string>,
): Verdict | PartlyFailed {
  const failed = verdict.kind === 'partly' ? verdict.failed : [];
  const gone = new Set(failed.map(({ index }) => index));
  const skipped = events.flatMap(({ id }, index) => (skippedIds.has(id) && !gone.has(index) ? [index] : []));
  return skipped.length === 0 ? verdict : { kind: 'partly', failed, skipped };
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
