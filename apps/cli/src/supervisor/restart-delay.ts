const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** A process that ran this long had recovered: its next failure counts as the first. */
const STEADY_MS = 60_000;

export interface RestartDecision {
  failures: number;
  delayMs: number;
}

/** How long to wait before an app that ended by itself is started again. */
export function decideRestart(failures: number, ranForMs: number): RestartDecision {
  const counted = ranForMs >= STEADY_MS ? 1 : failures + 1;
  return { failures: counted, delayMs: Math.min(FIRST_MS * 2 ** (counted - 1), LONGEST_MS) };
}
