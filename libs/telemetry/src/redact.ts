const SECRET_KEY =
  /authorization|secret|token|password|passwd|passphrase|cookie|api-?_?key|private-?_?key|credential|signature/i;

export const REDACTED = '[redacted]';

/** Deeper structures are cut off: a log line is no dump. */
const MAX_DEPTH = 6;

/** A copy in which the values of keys that look like secrets are replaced. What is no plain object or list stays. */
export function redactSecrets(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  const redacted: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    redacted[key] = isSecret(key, value) ? REDACTED : redactValue(value, depth + 1);
  }
  return redacted;
}

/** Numbers and booleans are counts and switches (`tokens: 3`), never secrets. */
function isSecret(key: string, value: unknown): boolean {
  return SECRET_KEY.test(key) && value !== undefined && value !== null && !['number', 'boolean'].includes(typeof value);
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return '[deeper]';
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  return isPlainObject(value) ? redactSecrets(value, depth) : value;
}

function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
