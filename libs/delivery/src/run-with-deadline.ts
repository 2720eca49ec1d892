import type { HandlerInput, RunHandler } from './consumer-spec.js';
import { describeError, type Outcome } from './outcome.js';

/** After its signal was aborted a handler gets this long to end, so that no second run overlaps it. */
const GRACE_MS = 5_000;

/**
 * One run. When the time is up the signal aborts and the outcome is a timeout; when `stopping` aborts it is `interrupted`.
 * A handler that ignores its signal is left behind after the grace: `onAbandoned` says so.
 */
export async function runWithDeadline(
  runHandler: RunHandler,
  input: HandlerInput,
  limits: { timeoutMs: number; stopping: AbortSignal; onAbandoned: () => void },
): Promise<Outcome> {
  const abort = new AbortController();
  const running = startRun(runHandler, input, abort.signal);
  const ended = await endOf(running, limits.timeoutMs, limits.stopping);
  if (ended) return ended;

  const interrupted = limits.stopping.aborted;
  const reason = interrupted ? 'the host is stopping' : `the handler took longer than ${limits.timeoutMs} ms`;
  abort.abort(new Error(reason));
  const late = await endOf(running, GRACE_MS, undefined);
  if (!late) limits.onAbandoned();
  // What did finish after all is done: running it again would only double it.
  if (late?.kind === 'done') return late;
  return interrupted ? { kind: 'interrupted' } : { kind: 'timeout', error: { name: 'TimeoutError', message: reason } };
}

async function startRun(runHandler: RunHandler, input: HandlerInput, signal: AbortSignal): Promise<Outcome> {
  try {
    return await runHandler(input, signal);
  } catch (error) {
    return { kind: 'failed', error: describeError(error) };
  }
}

/** The outcome, or undefined when the time was up or `stopping` aborted first. */
function endOf(
  running: Promise<Outcome>,
  timeoutMs: number,
  stopping: AbortSignal | undefined,
): Promise<Outcome | undefined> {
  return new Promise((resolve) => {
    const giveUp = () => finish(undefined);
    const timer = setTimeout(giveUp, timeoutMs);
    const finish = (outcome: Outcome | undefined) => {
      clearTimeout(timer);
      stopping?.removeEventListener('abort', giveUp);
      resolve(outcome);
    };
    stopping?.addEventListener('abort', giveUp);
    void running.then(finish);
    if (stopping?.aborted) giveUp();
  });
}
