/** An error as plain data, so that it can cross a worker's border and lie in a dead letter. */
export interface ErrorInfo {
  name: string;
  message: string;
  stack?: string;
  code?: string;
}

/** What a run of a handler came to; plain data. */
export type Outcome =
  /** `receipt`: JSON, to be kept with the message. `skipped`: its effect was there already. */
  | { kind: 'done'; receipt?: unknown; skipped?: true }
  /** It asked for another attempt after a wait of its choosing. */
  | { kind: 'retry-later'; delayMs: number; error: ErrorInfo }
  /** What it depends on is down: no attempt is spent. */
  | { kind: 'unavailable'; retryAfterMs?: number; error: ErrorInfo }
  /** No retry can mend it (also: undecodable, schema mismatch). */
  | { kind: 'permanent'; error: ErrorInfo }
  | { kind: 'failed'; error: ErrorInfo }
  | { kind: 'timeout'; error: ErrorInfo }
  /**
   * What ran it has ended meanwhile (a plugin's worker). `blame`: it was alone in hand, one of several, or something else is
   * known to be the cause.
   */
  | { kind: 'killed'; blame: 'alone' | 'shared' | 'none'; error: ErrorInfo }
  /** The engine is stopping: it did not finish. */
  | { kind: 'interrupted' };

/** Of items that ran together: those that are named came to something else than `done`. */
export interface PartlyDone {
  kind: 'partly';
  failed: { index: number; outcome: Exclude<Outcome, { kind: 'done' }> }[];
  /** Of the others, those whose effect was there already. */
  skipped?: number[];
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

/** A run that failed. */
export interface Attempt {
  at: string;
  error: ErrorInfo;
}

const KEPT_CHARACTERS = 4_000;
/** Of attempts: the first frames say where. */
const KEPT_STACK_CHARACTERS = 1_000;
const KEPT_ATTEMPTS = 20;

/** As it is kept in the store and in dead letters: a message may quote a whole document. */
export function shortenError(error: ErrorInfo, keptStackCharacters = KEPT_CHARACTERS): ErrorInfo {
  const { message, stack } = error;
  return {
    ...error,
    message: message.slice(0, KEPT_CHARACTERS),
    ...(stack ? { stack: stack.slice(0, keptStackCharacters) } : {}),
  };
}

/** Of many attempts the newest. */
export function keepAttempts(attempts: readonly Attempt[]): Attempt[] {
  return attempts
    .slice(-KEPT_ATTEMPTS)
    .map(({ at, error }) => ({ at, error: shortenError(error, KEPT_STACK_CHARACTERS) }));
}
