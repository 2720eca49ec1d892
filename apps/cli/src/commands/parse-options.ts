import { InvalidArgumentError } from 'commander';
import ms, { type StringValue } from 'ms';

/** 0 means: any free one. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}

export function parseWholeNumber(text: string): number {
  const sequence = Number(text);
  if (!/^\d+$/.test(text) || sequence < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return sequence;
}

export function parsePercent(text: string): number {
  const percent = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || percent > 100)
    throw new InvalidArgumentError('It must be a number from 0 to 100.');
  return percent;
}

/** How many in a minute; 0 is none. */
export function parsePace(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('It must be a number from 0, like 60.');
  return Number(text);
}

/** How many in a second. */
export function parseRate(text: string): number {
  const perSecond = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || perSecond === 0) throw new InvalidArgumentError('It must be a number above 0.');
  return perSecond;
}

/** `2h`: so long ago; or a time as RFC 3339 has it, or a day. → milliseconds since 1970. */
export function parseMoment(text: string): number {
  if (/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text)) {
    const momentMs = Date.parse(text);
    if (!Number.isNaN(momentMs)) return momentMs;
  }
  const agoMs = readDuration(text);
  if (agoMs !== undefined) return Date.now() - agoMs;
  throw new InvalidArgumentError('A moment looks like 2h (ago), 2026-01-31 or 2026-01-31T12:00:00Z.');
}

/** `4711`: that sequence; else a moment. */
export function parsePlace(text: string): { sequence: number } | { time: string } {
  if (/^\d+$/.test(text)) return { sequence: parseWholeNumber(text) };
  return { time: new Date(parseMoment(text)).toISOString() };
}

/** For repeated arguments. */
export function collectSequences(text: string, before: number[] = []): number[] {
  return [...before, parseWholeNumber(text)];
}

/** `10m`, `2h`, `7d` → milliseconds. */
export function parseDuration(text: string): number {
  const durationMs = readDuration(text);
  if (durationMs === undefined) throw new InvalidArgumentError('A duration looks like 30s, 10m, 2h or 7d.');
  return durationMs;
}

function readDuration(text: string): number | undefined {
  return /^\d+(\.\d+)?(ms|s|m|h|d|w)$/.test(text) ? ms(text as StringValue) : undefined;
}
