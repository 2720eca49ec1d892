import { isSafeNumber, parse } from 'lossless-json';
import { refuseNotification } from './refuse.js';

/**
 * A run of 16 digits and dots, or an exponent of three digits: only such numbers can be more than a double holds.
 * Everything else takes the fast way.
 */
const LONG_NUMBER = /\d[\d.]{14,}\d|(?:^|[\s:,[])-?\d[\d.]*[eE][+-]?\d{3}/;

/** No CRM nests like this; what is thousands of levels deep overflows the stack of whoever walks through it. */
const MAX_DEPTH = 200;

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * JSON text as values. A number that a double cannot hold (an id past 2^53, 1e999) becomes its text, so that no digit is
 * lost.
 * Throws what `JSON.parse` throws.
 */
export function parseJson(text: string): unknown {
  return LONG_NUMBER.test(text) ? parse(text, undefined, keepDigits) : (JSON.parse(text) as unknown);
}

/** A request's body as JSON; throws MESH_NOTIFICATION_INVALID without repeating what stands in it. */
export function parseJsonBody(body: Uint8Array): unknown {
  if (hasManyBrackets(body) && nestsTooDeeply(body))
    throw refuseNotification(`the body nests deeper than ${MAX_DEPTH} levels.`);
  try {
    return parseJson(UTF_8.decode(body));
  } catch (error) {
    throw refuseNotification('the body is no valid JSON in UTF-8.', error);
  }
}

/** Whether it can nest too deeply at all: a few native searches, which is all that a usual body costs. */
function hasManyBrackets(body: Uint8Array): boolean {
  let count = 0;
  for (const bracket of [OPEN_LIST, OPEN_OBJECT]) {
    for (let at = body.indexOf(bracket); at !== -1; at = body.indexOf(bracket, at + 1)) {
      if ((count += 1) > MAX_DEPTH) return true;
    }
  }
  return false;
}

/** Counts brackets outside of texts. Of what is no JSON it may say anything: the parser refuses that. */
function nestsTooDeeply(body: Uint8Array): boolean {
  let depth = 0;
  let isInText = false;
  for (let index = 0; index < body.length; index++) {
    const byte = body[index];
    if (byte === QUOTE) isInText = !isInText;
    else if (isInText) index += byte === BACKSLASH ? 1 : 0;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1;
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

function keepDigits(text: string): number | string {
  return isSafeNumber(text, { approx: false }) ? Number(text) : text;
}
