import type { EventPattern, MeshEvent } from '@crm-mesh/contract';
import type { Plugin, PluginContext } from '../plugin.js';
import { runInTime, type TimedRun } from './run-in-time.js';
import type { Verdict } from './verdict.js';

/** One run of a plugin's handler. */
export type PluginRun<C> = PluginContext<C> & TimedRun;

/** Runs a plugin's handler once over one event. Never rejects. The host and the test kit both run plugins by it. */
export function runPlugin<P extends EventPattern, C>(
  plugin: Plugin<P, C>,
  event: MeshEvent<P>,
  run: PluginRun<C>,
): Promise<Verdict> {
  return runInTime(run, async (context): Promise<Verdict> => {
    const result = await plugin.handle?.(event, context);
    return result?.receipt === undefined ? { kind: 'done' } : { kind: 'done', receipt: result.receipt };
  });
}
