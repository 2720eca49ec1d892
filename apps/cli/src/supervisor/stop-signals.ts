export interface StopHooks {
  /** The first signal. */
  onStop(signal: NodeJS.Signals): void;
  /** One more, for somebody who will not wait. */
  onKill(): void;
}

/** npm hands Ctrl-C on to us although the terminal has sent it to us already: what comes this soon is the same one. */
const SAME_PRESS_MS = 700;

export type SignalVerdict = 'stop' | 'same' | 'kill';

export function judgeSignal(firstAtMs: number | undefined, nowMs: number): SignalVerdict {
  if (firstAtMs === undefined) return 'stop';
  return nowMs - firstAtMs < SAME_PRESS_MS ? 'same' : 'kill';
}

/** SIGINT, SIGTERM, and SIGHUP (the terminal's window was closed). */
export function onStopSignals(hooks: StopHooks): void {
  let firstAtMs: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const verdict = judgeSignal(firstAtMs, performance.now());
      firstAtMs ??= performance.now();
      if (verdict === 'stop') hooks.onStop(signal);
      if (verdict === 'kill') hooks.onKill();
    });
  }
}
