import { hash, timingSafeEqual } from 'node:crypto';

/** Whether two texts or byte strings are equal, in a time that tells neither where they differ nor how long either is. */
export function equalsInConstantTime(given: string | Uint8Array, expected: string | Uint8Array): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(value: string | Uint8Array): Buffer {
  return hash('sha256', value, 'buffer');
}
