import type { Log, LogMethod } from '../log.js';

/** A line that a plugin has written. */
export interface LogLine {
  /** By which method. */
  level: keyof Log;
  /** The text. */
  message: string;
  /** What was written beside it; empty when nothing was. */
  fields: Record<string, unknown>;
}

/** A log that keeps its lines, for tests to look at. */
export function recordLog(lines: LogLine[]): Log {
  const write =
    (level: keyof Log): LogMethod =>
    (first: Record<string, unknown> | string, message?: string) => {
      lines.push(
        typeof first === 'string'
          ? { level, message: first, fields: {} }
          : { level, message: message ?? '', fields: first },
      );
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
