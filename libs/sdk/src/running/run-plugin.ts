import type { EventPattern, MeshEvent } from '@crm-mesh/contract';
import type { Plugin, PluginContext } from '../plugin.js';
import { RunOnce, type SinkOfRun } from '../sink/run-once.js';
import { readJson } from './read-json.js';
import { runInTime, type TimedRun } from './run-in-time.js';
import type { Verdict } from './verdict.js';

/** One run of a plugin's handler. */
export type PluginRun<C> = PluginContext<C> & TimedRun;

/**
 * Runs a plugin's handler once over one event. Never rejects. The host and the test kit both run plugins by it. `own`: of a
 * plugin with a sink.
 */
// oxlint-disable-next-line max-params -- what runs, over what, how, and in what database
export function runPlugin<P extends EventPattern, C>(
  plugin: Plugin<P, C>,
  event: MeshEvent<P>,
  run: PluginRun<C>,
  own?: SinkOfRun,
): Promise<Verdict> {
  return runInTime(run, async (context): Promise<Verdict> => {
    const once = own?.sink && new RunOnce(own, () => context.signal);
    // Derived, for parts of a context are made when they are asked for.
    const given = once ? derive(context, { transaction: once.forEvent(event) }) : context;
    const result = await plugin.handle?.(event, given);
    const { value: receipt } = readJson(result?.receipt, `the receipt of "${plugin.name}"`);
    return {
      kind: 'done',
      ...(receipt === undefined ? {} : { receipt }),
      ...(once && once.skipped.size > 0 ? { skipped: true } : {}),
    };
  });
}

export function derive<T extends object, U extends object>(context: T, own: U): T & U {
  return Object.assign(Object.create(context) as T, own);
}
