import { refuse } from '../salesforce-error.js';

export type Token =
  | { kind: 'word'; text: string; at: number }
  | { kind: 'sign'; text: string; at: number }
  | { kind: 'string'; text: string; at: number }
  | { kind: 'number' | 'date' | 'datetime'; text: string; at: number };

const PATTERNS: readonly [Token['kind'] | 'blank', RegExp][] = [
  ['blank', /\s+/y],
  ['string', /'(?:[^'\\]|\\.)*'/y],
  ['datetime', /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)/y],
  ['date', /\d{4}-\d\d-\d\d(?![T\d])/y],
  ['number', /[+-]?\d+(?:\.\d+)?(?![\w.])/y],
  ['word', /[A-Za-z]\w*(?:\.\w+)*/y],
  ['sign', /!=|<>|<=|>=|[=<>(),]/y],
];

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const found = match(text, at);
    if (!found) throw malformed(text, at, `unexpected character: '${text.charAt(at)}'`);
    if (found.kind !== 'blank') {
      const content = found.kind === 'string' ? unescape(found.text.slice(1, -1)) : found.text;
      tokens.push({ kind: found.kind, text: content, at } as Token);
    }
    at += found.text.length;
  }
  return tokens;
}

function match(text: string, at: number): { kind: Token['kind'] | 'blank'; text: string } | undefined {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) return { kind, text: found };
  }
  return undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

/** `\%` and `\_` stay as they are: LIKE reads them. */
function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gs, (whole, sign: string) =>
    sign === '%' || sign === '_' ? whole : (ESCAPES[sign] ?? sign),
  );
}

/** The place is shown as Salesforce shows it. */
export function malformed(text: string, at: number, message: string): Error {
  const before = text.slice(0, at);
  const row = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  return refuse(
    'MALFORMED_QUERY',
    `\n${text.slice(Math.max(0, at - 30), at + 30)}\n${' '.repeat(Math.min(30, at))}^\nERROR at Row:${row}:Column:${column}\n${message}`,
  );
}
