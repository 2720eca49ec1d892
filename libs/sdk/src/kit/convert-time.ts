const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;
/** Epoch numbers from here on are milliseconds (in seconds, this is the year 5138). */
const FIRST_MILLISECONDS = 100_000_000_000;

/**
 * A time as ISO 8601 in UTC with milliseconds; a bare day stays a day. Reads ISO 8601 (without a zone: UTC, never the
 * machine's own) and epoch seconds or milliseconds, as number or text. Undefined when it is no time.
 */
export function toIsoTime(value: unknown, epochUnit: 'ms' | 'guess' = 'guess'): string | undefined {
  if (typeof value === 'number') return fromEpoch(value, epochUnit);
  if (typeof value !== 'string') return undefined;
  if (isWritten(value)) return value;
  const text = value.trim();
  if (/^-?\d+$/.test(text)) return fromEpoch(Number(text), epochUnit);
  const [, day, clock, zone] = ISO.exec(text) ?? [];
  if (day === undefined || !isRealDay(day)) return undefined;
  return clock === undefined ? day : fromEpoch(Date.parse(`${day}T${clock}${zone?.toUpperCase() ?? 'Z'}`), 'ms');
}

function fromEpoch(epoch: number, unit: 'ms' | 'guess'): string | undefined {
  const date = new Date(unit === 'ms' || Math.abs(epoch) >= FIRST_MILLISECONDS ? epoch : epoch * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** As it would be written here: most times are, and it saves all other steps. */
function isWritten(text: string): boolean {
  if (text.length !== 24 || !text.endsWith('Z')) return false;
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString() === text;
}

/** `Date` would take 30 February for 2 March. */
function isRealDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}
