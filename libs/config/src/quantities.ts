import bytes from 'bytes';
import ms, { type StringValue } from 'ms';

const DURATION = /^\d+(\.\d+)?\s*(ms|s|m|h|d|w|y)$/i;
const SIZE = /^\d+(\.\d+)?\s*(b|kb|mb|gb|tb)?$/i;

/** `7d`, `90s`, `0` → milliseconds; undefined where it is none. */
export function parseDurationMs(text: unknown): number | undefined {
  if (text === 0 || text === '0') return 0;
  if (typeof text !== 'string' || !DURATION.test(text)) return undefined;
  return Math.round(ms(text as StringValue));
}

/** `2mb`, `512kb`, `1048576`, `0` → bytes; undefined where it is none. */
export function parseBytes(text: unknown): number | undefined {
  if (typeof text === 'number') return Number.isInteger(text) && text >= 0 ? text : undefined;
  if (typeof text !== 'string' || !SIZE.test(text)) return undefined;
  return bytes.parse(text) ?? undefined;
}
