import { classifyAbort, classifyError, type Verdict } from './verdict.js';

/** What any run has. */
export interface TimedRun {
  signal: AbortSignal;
  /**
   * After this the handler's signal aborts, and the run counts as timed out whether the handler heeds it or not.
   * Absent: whoever aborts `signal` keeps the time, and begins no run after a stop (in the host, the delivery engine).
   */
  timeoutMs?: number;
}

/** Runs `handle` with the context that it is to get; what it throws is classified. Never rejects. */
export async function runInTime<R extends TimedRun, V>(
  run: R,
  handle: (context: R) => Promise<V>,
): Promise<V | Verdict> {
  if (run.timeoutMs === undefined) return classify(run, handle);
  const { timeoutMs, signal: stop, ...context } = run;
  if (stop.aborted) return classifyAbort(stop.reason);
  const controller = new AbortController();
  const forward = () => controller.abort(stop.reason);
  stop.addEventListener('abort', forward, { once: true });
  const deadline = startDeadline(controller, timeoutMs);
  try {
    const running = classify({ ...context, signal: controller.signal } as unknown as R, handle);
    return await Promise.race([running, deadline.passed]);
  } finally {
    deadline.cancel();
    stop.removeEventListener('abort', forward);
  }
}

async function classify<R extends TimedRun, V>(context: R, handle: (context: R) => Promise<V>): Promise<V | Verdict> {
  try {
    return await handle(context);
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
