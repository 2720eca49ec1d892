/** The edges of a window, in epoch milliseconds. */
export interface Window {
  fromMs: number;
  toMs: number;
}

type Query = Readonly<Record<string, string | number | boolean>>;

const PLACEHOLDER = /\{(\w+):(\w+)\}/g;
const WORDS = /^\{(from|to):(iso|ms|s)\}$/;

/** Of a value in `query`. */
export function hasKnownPlaceholders(value: unknown): boolean {
  if (typeof value === 'number' || typeof value === 'boolean') return true;
  return typeof value === 'string' && (value.match(PLACEHOLDER) ?? []).every((found) => WORDS.test(found));
}

/** The query with the window's edges; in whole seconds, the window grows rather than shrinks. */
export function fillWindow(query: Query, { fromMs, toMs }: Window): Query {
  const fill = (text: string): string =>
    text.replace(PLACEHOLDER, (_found, edge: string, unit: string) => {
      const atMs = edge === 'from' ? fromMs : toMs;
      if (unit === 'iso') return new Date(atMs).toISOString();
      return String(unit === 'ms' ? atMs : edge === 'from' ? Math.floor(atMs / 1_000) : Math.ceil(atMs / 1_000));
    });
  return mapTexts(query, fill);
}

/** The query without the parameters that hold an edge of a window. */
export function leaveWindowOut(query: Query): Query {
  return Object.fromEntries(
    Object.entries(query).filter(([, value]) => typeof value !== 'string' || value.match(PLACEHOLDER) === null),
  );
}

function mapTexts(query: Query, change: (text: string) => string): Query {
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, typeof value === 'string' ? change(value) : value]),
  );
}
