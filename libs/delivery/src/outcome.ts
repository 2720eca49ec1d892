/** An error as plain data, so that it can cross a worker's border and lie in a dead letter. */
export interface ErrorInfo {
  name: string;
  message: string;
  stack?: string;
  code?: string;
}

/** What a run of a handler came to; plain data. */
export type Outcome =
  | { kind: 'done'; receipt?: unknown }
  /** It asked for another attempt after a wait of its choosing. */
  | { kind: 'retry-later'; delayMs: number; error: ErrorInfo }
  /** What it depends on is down: no attempt is spent. */
  | { kind: 'unavailable'; retryAfterMs?: number; error: ErrorInfo }
  /** No retry can mend it (also: undecodable, schema mismatch). */
  | { kind: 'permanent'; error: ErrorInfo }
  | { kind: 'failed'; error: ErrorInfo }
  | { kind: 'timeout'; error: ErrorInfo }
  /** The engine is stopping: it did not finish. */
  | { kind: 'interrupted' };

/** Of items that ran together: those that are named came to something else than `done`. */
export interface PartlyDone {
  kind: 'partly';
  failed: { index: number; outcome: Exclude<Outcome, { kind: 'done' }> }[];
}

export type RunOutcome = Outcome | PartlyDone;

export function describeError(error: unknown): ErrorInfo {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const code = (error as { code?: unknown }).code;
  return {
    name: error.name,
    message: error.message,
    ...(error.stack ? { stack: error.stack } : {}),
    ...(typeof code === 'string' ? { code } : {}),
  };
}
