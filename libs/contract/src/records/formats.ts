const TIMESTAMP =
  /^(\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const DAY = /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

/**
 * A point in time as the canonical model writes it: the strict form of ISO 8601 that RFC 3339 and JSON Schema's
 * `date-time` share (`2026-03-24T15:59:58.120Z`, or with an offset), on a day that exists, without leap seconds:
 * every language and `Date` can read it.
 */
export function isTimestamp(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  const match = TIMESTAMP.exec(text);
  return match !== null && isDay(match[1]);
}

/** A calendar day that exists: `2026-03-24`. */
export function isDay(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  const match = DAY.exec(text);
  if (!match) return false;
  const day = Number(match[3]);
  return day <= 28 || day <= countDays(Number(match[1]), Number(match[2]));
}

function countDays(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
