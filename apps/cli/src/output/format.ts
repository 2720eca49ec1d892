const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `340 ms`, `12 s`, `3 min`, `5 h`, `2 d`: one unit, enough for a table. */
export function formatDuration(durationMs: number): string {
  if (durationMs < SECOND_MS) return `${Math.round(durationMs)} ms`;
  if (durationMs < 10 * SECOND_MS) return `${trimZero(durationMs / SECOND_MS)} s`;
  if (durationMs < 2 * MINUTE_MS) return `${Math.round(durationMs / SECOND_MS)} s`;
  if (durationMs < 2 * HOUR_MS) return `${Math.round(durationMs / MINUTE_MS)} min`;
  if (durationMs < 2 * DAY_MS) return `${Math.round(durationMs / HOUR_MS)} h`;
  return `${Math.round(durationMs / DAY_MS)} d`;
}

const trimZero = (value: number): string => value.toFixed(1).replace(/\.0$/, '');

/** `12,345` */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const value = bytes / 1_024 ** power;
  return `${power === 0 ? value : trimZero(value)} ${UNITS[power]}`;
}

/** `5 s ago`; a clock that is a little behind gives `now`. */
export function formatAge(time: string | undefined, nowMs: number): string {
  if (time === undefined) return 'never';
  const ageMs = nowMs - Date.parse(time);
  if (Number.isNaN(ageMs)) return time;
  return ageMs < SECOND_MS ? 'now' : `${formatDuration(ageMs)} ago`;
}

/** `14:03:07`, local time. */
export function formatClock(time: string | number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? '--:--:--' : date.toTimeString().slice(0, 8);
}

/** At most `length` characters, the end cut off. */
export function cutText(text: string, length: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}
