import { MeshError } from './errors.js';

/** Longest escaped token in bytes; the server's own limit for names, and what a file name can hold. */
export const MAX_TOKEN_BYTES = 255;

/**
 * Characters that stand for themselves: legal in a NATS token and in a URI path, and harmless in a shell.
 * `.`, `*`, `>` and white space mean something to NATS, `/` parts event ids, `$` opens system subjects, `%` escapes.
 */
const PLAIN = /^[A-Za-z0-9_~:@=+-]+$/;
/** Left alone by encodeURIComponent, though not plain here. */
const OVERLOOKED = /[.!*'()]/g;
/** Escaped by encodeURIComponent, though plain here: `:` `@` `=` `+`. */
const OVERDONE = /%(?:3A|40|3D|2B)/g;

/**
 * Any text as one legal subject token that comes back unchanged: percent-encoded UTF-8, upper-case hex, so that one
 * text has exactly one token. Throws MESH_ID_EMPTY, MESH_ID_TOO_LONG (over 255 bytes) or MESH_ID_UNSUPPORTED (an
 * unpaired surrogate).
 */
export function escapeToken(text: string): string {
  if (text.length === 0)
    throw new MeshError('MESH_ID_EMPTY', 'A part of a subject (tenant, connection, entity, id …) is empty.');
  // Escaping never shortens: no need to escape a megabyte to refuse it.
  if (text.length > MAX_TOKEN_BYTES) throw createTooLong(text.length);
  if (PLAIN.test(text)) return text;
  const token = encodePercent(text);
  if (token === undefined) throw new MeshError('MESH_ID_UNSUPPORTED', 'An id holds an unpaired surrogate.');
  if (token.length > MAX_TOKEN_BYTES) throw createTooLong(token.length);
  return token;
}

/** The inverse of {@link escapeToken}. Throws MESH_ID_UNSUPPORTED for a token that {@link escapeToken} never makes. */
export function unescapeToken(token: string): string {
  const text = readToken(token);
  if (text === undefined)
    throw new MeshError('MESH_ID_UNSUPPORTED', 'A subject token is not one that the mesh has escaped.');
  return text;
}

/** As {@link unescapeToken}, but undefined for a foreign token. */
export function readToken(token: string): string | undefined {
  if (token.length === 0 || token.length > MAX_TOKEN_BYTES) return undefined;
  if (PLAIN.test(token)) return token;
  const text = decodePercent(token);
  // Canonical or nothing: `%41` is no second name for `A`.
  return text !== undefined && encodePercent(text) === token ? text : undefined;
}

function encodePercent(text: string): string | undefined {
  try {
    return encodeURIComponent(text).replace(OVERLOOKED, escapeAscii).replace(OVERDONE, decodeURIComponent);
  } catch {
    return undefined; // an unpaired surrogate: no UTF-8 can hold it
  }
}

function decodePercent(token: string): string | undefined {
  try {
    return decodeURIComponent(token);
  } catch {
    return undefined;
  }
}

function escapeAscii(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function createTooLong(bytes: number): MeshError {
  return new MeshError(
    'MESH_ID_TOO_LONG',
    `A part of a subject is at least ${bytes} bytes long; ${MAX_TOKEN_BYTES} are allowed.`,
  );
}
