/** As REST shows a time: the offset has no colon. */
export function showTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '+0000');
}

/** A day without a time. */
export function showDate(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** With `Z`, `+00:00` or `+0000`; undefined: it is no time. */
export function readTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:?\d\d)$/.test(text)) return undefined;
  const ms = Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  return Number.isNaN(ms) ? undefined : ms;
}

/** Undefined: it is no day. */
export function readDate(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
