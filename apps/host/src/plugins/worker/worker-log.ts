import type { Log, LogMethod } from '@crm-mesh/sdk';
import { describeError } from '@crm-mesh/delivery/outcome';
import type { FromWorker } from './protocol.js';

type Line = FromWorker & { kind: 'line' };

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
/** pino's, of which a plugin knows but four. */
const ALL_LEVELS = ['trace', ...LEVELS, 'fatal', 'silent'];

/** The plugin's log inside its worker: lines go to the host's log as plain fields. */
export class WorkerLog implements Log {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;

  constructor(
    private readonly options: { level: string; send(line: Line): void },
    private readonly bindings: Record<string, unknown> = {},
  ) {
    [this.debug, this.info, this.warn, this.error] = LEVELS.map((level) => this.writerOf(level)) as [
      LogMethod,
      LogMethod,
      LogMethod,
      LogMethod,
    ];
  }

  child(bindings: Record<string, unknown>): WorkerLog {
    return new WorkerLog(this.options, { ...this.bindings, ...bindings });
  }

  private writerOf(level: Line['level']): LogMethod {
    if (ALL_LEVELS.indexOf(level) < ALL_LEVELS.indexOf(this.options.level)) return () => undefined;
    return (first: Record<string, unknown> | string, second?: string) => {
      const [fields, message] = typeof first === 'string' ? [{}, first] : [first, second ?? ''];
      this.options.send({ kind: 'line', level, fields: toJson({ ...this.bindings, ...fields }), message });
    };
  }
}

/** A line must never fail for what somebody put into it. */
function toJson(fields: Record<string, unknown>): string {
  try {
    return JSON.stringify(fields, replaceField);
  } catch (error) {
    return JSON.stringify({ unreadableFields: String(error) });
  }
}

function replaceField(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (!(value instanceof Error)) return value;
  // As pino writes errors.
  const { name: type, ...rest } = describeError(value);
  return { type, ...rest };
}
