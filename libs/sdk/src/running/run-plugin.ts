import type { EventPattern, MeshEvent } from '@crm-mesh/contract';
import type { Plugin, PluginContext } from '../plugin.js';
import { classifyAbort, classifyError, type Verdict } from './verdict.js';

/** One run of a plugin's handler. */
export interface PluginRun<C> extends PluginContext<C> {
  /**
   * After this the handler's signal aborts, and the run counts as timed out whether the handler heeds it or not.
   * Absent: whoever aborts `signal` keeps the time, and begins no run after a stop (in the host, the delivery engine).
   */
  timeoutMs?: number;
}

/** Runs a plugin's handler once over one event. Never rejects. The host and the test kit both run plugins by it. */
export async function runPlugin<P extends EventPattern, C>(
  plugin: Plugin<P, C>,
  event: MeshEvent<P>,
  run: PluginRun<C>,
): Promise<Verdict> {
  if (run.timeoutMs === undefined) return handle(plugin, event, run);
  const { timeoutMs, signal: stop, ...context } = run;
  if (stop.aborted) return classifyAbort(stop.reason);
  const controller = new AbortController();
  const forward = () => controller.abort(stop.reason);
  stop.addEventListener('abort', forward, { once: true });
  const deadline = startDeadline(controller, timeoutMs);
  try {
    const running = handle(plugin, event, { ...context, signal: controller.signal });
    return await Promise.race([running, deadline.passed]);
  } finally {
    deadline.cancel();
    stop.removeEventListener('abort', forward);
  }
}

async function handle<P extends EventPattern, C>(
  plugin: Plugin<P, C>,
  event: MeshEvent<P>,
  context: PluginContext<C>,
): Promise<Verdict> {
  try {
    const result = await plugin.handle(event, context);
    return result?.receipt === undefined ? { kind: 'done' } : { kind: 'done', receipt: result.receipt };
  } catch (error) {
    return classifyError(error, context.signal);
  }
}

function startDeadline(
  controller: AbortController,
  timeoutMs: number,
): { passed: Promise<Verdict>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<Verdict>((resolve) => {
    timer = setTimeout(() => {
      const error = new DOMException(`the handler did not finish within ${timeoutMs} ms`, 'TimeoutError');
      resolve({ kind: 'timeout', error });
      controller.abort(error);
    }, timeoutMs);
  });
  return { passed, cancel: () => clearTimeout(timer) };
}
