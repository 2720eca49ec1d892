/** Writes a structured line; never put personal data or secrets into it. */
export interface LogMethod {
  (fields: Record<string, unknown>, message: string): void;
  (message: string): void;
}

/** What a plugin or source writes its lines to: they go into the app's structured log, with plugin, record and correlation id. */
export interface Log {
  /** Shown with LOG_LEVEL=debug. */
  debug: LogMethod;
  /** Something worth a line happened. */
  info: LogMethod;
  /** Somebody may have to look at it. */
  warn: LogMethod;
  /** Somebody has to look at it. What a handler throws is logged by the host. */
  error: LogMethod;
}
