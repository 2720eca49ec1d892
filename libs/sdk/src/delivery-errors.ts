/** A failure that no retry can mend: the event is buried at once as a dead letter. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
}

/** Asks for another attempt after a while of the handler's choosing, e.g. what a `Retry-After` header says. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';

  constructor(
    /** How long to wait, in milliseconds; at least 1. */
    readonly delayMs: number,
    message = 'the handler asked to be run again later',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The system behind is down: no attempt is spent, nothing is buried for it, and the plugin backs off as a whole. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';

  constructor(
    message: string,
    options?: ErrorOptions & {
      /** When the system said that it will be back, in milliseconds from now. */
      retryAfterMs?: number;
    },
  ) {
    super(message, options);
    this.retryAfterMs = options?.retryAfterMs;
  }

  /** How long the breaker waits at least before it probes, in milliseconds; undefined: as long as it would by itself. */
  readonly retryAfterMs: number | undefined;
}
