import { hash } from 'node:crypto';
import type { RecordPlace } from './question.js';

/**
 * What one record adds to the digest of its range: the first 5 bytes of the SHA-256 of `<place>\t<mark>` as one number, so
 * that 64 bits hold the sum of eight million, and a double that of eight thousand. The mark is the version in decimal, or
 * a hash of fields.
 */
export function digestMark(place: RecordPlace, mark: string | number): number {
  return Number.parseInt(hash('sha256', `${place}\t${mark}`, 'hex').slice(0, 10), 16);
}
