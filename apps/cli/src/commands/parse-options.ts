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

/** How many in a minute; 0 is none. */
export function parsePace(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('It must be a number from 0, like 60.');
  return Number(text);
}

/** For repeated arguments. */
export function collectSequences(text: string, before: number[] = []): number[] {
  return [...before, parseWholeNumber(text)];
}

/** `10m`, `2h`, `7d` → milliseconds. */
export function parseDuration(text: string): number {
  const durationMs = /^\d+(\.\d+)?(ms|s|m|h|d|w)$/.test(text) ? ms(text as StringValue) : undefined;
  if (durationMs === undefined) throw new InvalidArgumentError('A duration looks like 30s, 10m, 2h or 7d.');
  return durationMs;
}
