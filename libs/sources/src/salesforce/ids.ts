const ID = /^[0-9A-Za-z]{15}([0-9A-Za-z]{3})?$/;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
const CHUNK = 5;

/**
 * An id in 18 characters, which tells apart what differs in case alone. The last three say which of the others are
 * capitals, five to a character. Undefined when it is no id (`003*`).
 */
export function toId18(id: unknown): string | undefined {
  if (typeof id !== 'string' || !ID.test(id)) return undefined;
  const short = id.slice(0, 15);
  return short + [0, CHUNK, 2 * CHUNK].map((start) => encodeCase(short.slice(start, start + CHUNK))).join('');
}

/** The first character of the chunk is the lowest bit. */
function encodeCase(chunk: string): string {
  const bits = [...chunk].reduce((sum, letter, index) => sum + (/[A-Z]/.test(letter) ? 1 << index : 0), 0);
  return ALPHABET[bits]!;
}
