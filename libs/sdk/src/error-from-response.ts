import { PermanentError, RetryLater, Unavailable } from './delivery-errors.js';

/** What is read of an answer; a `Response` of fetch is one. */
export interface HttpAnswer {
  /** The status code. */
  readonly status: number;
  /** Names in any case. */
  readonly headers: { get(name: string): string | null };
}

/** The receiver is over its limit or away, and no event is at fault. */
const AWAY = [429, 502, 503, 504];
/** It may well take the same request later. */
const TRY_AGAIN = [408, 425];

/**
 * The error to throw for an HTTP answer that is no success. 429, 502, 503 and 504 make an {@link Unavailable}, which spends
 * no attempt; 408, 425 and other 5xx a {@link RetryLater} if the answer has a `Retry-After`, else an error with the usual
 * backoff; everything else, redirects included, a {@link PermanentError}. `Retry-After` is obeyed in seconds and as a date.
 * @example
 * if (!response.ok) throw errorFromResponse(response);
 */
export function errorFromResponse(response: HttpAnswer, message = `the receiver answered ${response.status}`): Error {
  const { status, headers } = response;
  const retryAfterMs = readRetryAfterMs(headers.get('retry-after'));
  if (AWAY.includes(status)) return new Unavailable(message, { retryAfterMs });
  if (status < 500 && !TRY_AGAIN.includes(status)) return new PermanentError(message);
  return retryAfterMs === undefined ? new Error(message) : new RetryLater(retryAfterMs, message);
}

/** A `Retry-After` header, seconds or an HTTP date, as milliseconds from now, at least 1; undefined when it is neither. */
export function readRetryAfterMs(value: string | null | undefined, nowMs: number = Date.now()): number | undefined {
  const text = value?.trim();
  if (!text) return undefined;
  const delayMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(delayMs) ? undefined : Math.max(1, Math.ceil(delayMs));
}
