import { destination, pino, stdSerializers, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import { redactSecrets } from './redact.js';

export type { Logger };

export interface LoggerOptions {
  app: string;
  /** Default: LOG_LEVEL, else `info`. */
  level?: string;
  /** Where lines go; default stdout. */
  destination?: DestinationStream;
}

/** A JSON logger on stdout; level from LOG_LEVEL (default info). Redacts what looks like a secret. */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    level: readLevel(options.level ?? process.env['LOG_LEVEL']),
    base: { app: options.app },
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: stdSerializers.err, error: stdSerializers.err },
    formatters: { level: (label: string) => ({ level: label }), log: redactSecrets },
  };
  return pino(settings, options.destination ?? openStdout());
}

/**
 * While a write is under way, lines gather for the next one: a system call for each would cost more than the line. What is
 * left is written at the exit; only `kill -9` can lose the last lines.
 */
function openStdout(): DestinationStream {
  return destination({ dest: 1, sync: false });
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** A level that does not exist must not keep an app from starting. */
function readLevel(wished: string | undefined): string {
  const level = wished?.toLowerCase() ?? '';
  return LEVELS.includes(level) ? level : 'info';
}
