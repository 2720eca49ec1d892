import { isSafeNumber, parse } from 'lossless-json';
import { refuseNotification } from './refuse.js';

/** A run of 16 digits and dots: only such numbers can be more than a double holds. Everything else takes the fast way. */
const LONG_NUMBER = /\d[\d.]{14,}\d/;

/**
 * JSON text as values. A number that a double cannot hold (an id past 2^53) becomes its text, so that no digit is lost.
 * Throws what `JSON.parse` throws.
 */
export function parseJson(text: string): unknown {
  return LONG_NUMBER.test(text) ? parse(text, undefined, keepDigits) : (JSON.parse(text) as unknown);
}

/** A request's body as JSON; throws MESH_NOTIFICATION_INVALID without repeating what stands in it. */
export function parseJsonBody(body: Uint8Array): unknown {
  try {
    return parseJson(decodeText(body));
  } catch (error) {
    throw refuseNotification('the body is no valid JSON in UTF-8.', error);
  }
}

function decodeText(body: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(body);
}

function keepDigits(text: string): number | string {
  return isSafeNumber(text, { approx: false }) ? Number(text) : text;
}
