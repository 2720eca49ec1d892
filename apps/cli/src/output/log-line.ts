import { basename } from 'node:path';
import pc from 'picocolors';
import { cutText, formatClock, formatDuration } from './format.js';

/** A line of an app's log, as pino writes it; what we do not know stays unknown. */
export type LogLine = Record<string, unknown> & { msg?: string; level?: string; time?: string };

export interface RenderOptions {
  /** Also what is only for the record. */
  verbose: boolean;
}

const LOUD = new Set(['warn', 'error', 'fatal']);
const RECORD_WIDTH = 34;
const TYPE_WIDTH = 20;

/** One readable line for people; undefined where there is nothing to tell. */
export function renderLogLine(app: string, text: string, options: RenderOptions): string | undefined {
  const line = parseLine(text);
  if (line === undefined) return text.trim() === '' ? undefined : `${pc.dim('--:--:--')} ${pc.yellow(app)} ${text}`;
  const clock = pc.dim(formatClock(line.time ?? Number.NaN));
  const body = renderKnown(line) ?? renderOther(app, line, options);
  return body === undefined ? undefined : `${clock} ${body}`;
}

function parseLine(text: string): LogLine | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}

function renderKnown(line: LogLine): string | undefined {
  if (line.msg === 'event') return renderEvent(line);
  if (line.msg === 'outcome') return renderOutcome(line);
  if (line.msg === 'plugin' || line.msg === 'source') return renderDropIn(line.msg, line);
  return undefined;
}

function renderEvent(line: LogLine): string {
  const record = show(line['record']).padEnd(RECORD_WIDTH);
  const version = pc.dim(`v${show(line['version'])} ${show(line['origin'])}`);
  return `${pc.cyan('●')} ${pc.bold(show(line['type']).padEnd(TYPE_WIDTH))} ${record} ${version}`;
}

const RESULTS: Record<string, (line: LogLine) => string> = {
  acked: (line) => pc.green(`✓ done${showDuration(line)}`),
  skipped: () => pc.dim('· had it already'),
  superseded: () => pc.dim('· passed over for a newer update'),
  retried: (line) => pc.yellow(`↻ attempt ${show(line['attempt'])} failed, again in ${showWait(line)}`),
  parked: (line) => pc.yellow(`⏸ attempt ${show(line['attempt'])} failed, parked for ${showWait(line)}`),
  buried: (line) => pc.red(`✗ buried after attempt ${show(line['attempt'])}`),
};

function renderOutcome(line: LogLine): string {
  const result = RESULTS[show(line['result'])]?.(line) ?? show(line['result']);
  const where = `${show(line['type']).padEnd(TYPE_WIDTH)} ${show(line['record']).padEnd(RECORD_WIDTH)}`;
  return `${pc.dim('└')} ${pc.dim(where)} ${pc.magenta(show(line['plugin']))} ${result}${showError(line)}`;
}

function renderDropIn(kind: 'plugin' | 'source', line: LogLine): string {
  const name = pc.magenta(show(line[kind] ?? line['file']));
  const state = show(line['state']);
  if (state !== 'refused') return `${pc.blue('◆')} ${kind} ${name} ${state}${pc.dim(showVersion(line))}`;
  const cure = line['cure'] ? `\n           ${pc.cyan('→')} ${show(line['cure'])}` : '';
  return `${pc.red('◆')} ${kind} ${name} ${pc.red('refused')}: ${show(line['reason'])}${cure}`;
}

/** Everything else: what is loud, and on wish the rest. */
function renderOther(app: string, line: LogLine, { verbose }: RenderOptions): string | undefined {
  const level = line.level ?? 'info';
  if (!LOUD.has(level) && !verbose) return undefined;
  const paint = level === 'warn' ? pc.yellow : LOUD.has(level) ? pc.red : pc.dim;
  return `${paint(`${app} ${level}`)} ${show(line.msg)}${showFields(line)}${showError(line)}`;
}

const KNOWN = new Set(['level', 'time', 'app', 'msg', 'err', 'error', 'pid', 'hostname', 'stack']);

function showFields(line: LogLine): string {
  const fields = Object.entries(line).filter(([key, value]) => !KNOWN.has(key) && value !== undefined);
  const text = fields.map(
    ([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  return text.length === 0 ? '' : ` ${pc.dim(cutText(text.join(' '), 300))}`;
}

function showError(line: LogLine): string {
  const error = line['error'] ?? line['err'];
  if (typeof error !== 'object' || error === null) return error === undefined ? '' : ` ${cutText(show(error), 200)}`;
  const { name, type, message } = error as { name?: unknown; type?: unknown; message?: unknown };
  return ` ${pc.dim(cutText(`${show(name ?? type ?? 'Error')}: ${show(message)}`, 200))}`;
}

function showDuration(line: LogLine): string {
  return typeof line['durationMs'] === 'number' ? ` in ${formatDuration(line['durationMs'])}` : '';
}

function showWait(line: LogLine): string {
  return typeof line['nextAttemptInMs'] === 'number' ? formatDuration(line['nextAttemptInMs']) : 'a while';
}

function showVersion(line: LogLine): string {
  const parts = [
    line['version'] && `version ${show(line['version']).slice(0, 12)}`,
    line['file'] && basename(show(line['file'])),
  ];
  const text = parts.filter(Boolean).join(', ');
  return text === '' ? '' : ` (${text})`;
}

function show(value: unknown): string {
  if (value === undefined || value === null) return '?';
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
}
