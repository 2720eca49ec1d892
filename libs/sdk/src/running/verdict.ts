import type { RetryLater, Unavailable } from '../delivery-errors.js';

/** What one run of a handler came to, with the error as it was thrown. */
export type Verdict =
  /** `skipped`: its effect was there already, in the plugin's sink. */
  | { kind: 'done'; receipt?: unknown; skipped?: true }
  | { kind: 'retry-later'; delayMs: number; error: unknown }
  | { kind: 'unavailable'; retryAfterMs?: number; error: unknown }
  | { kind: 'permanent'; error: unknown }
  | { kind: 'failed'; error: unknown }
  | { kind: 'timeout'; error: unknown }
  | { kind: 'interrupted' };

/**
 * The one place that reads meaning out of what a handler threw. Errors are told by name, not by class: a plugin folder
 * may have brought its own copy of the sdk. After an abort only `PermanentError` and `RetryLater` still count as the
 * handler's word; whatever else it throws then comes from the abort.
 */
export function classifyError(error: unknown, signal?: AbortSignal): Verdict {
  if (isNamed(error, 'PermanentError')) return { kind: 'permanent', error };
  if (isNamed(error, 'RetryLater')) return { kind: 'retry-later', delayMs: error.delayMs, error };
  if (signal?.aborted) return classifyAbort(signal.reason);
  if (isNamed(error, 'Unavailable')) {
    const wait = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs };
    return { kind: 'unavailable', ...wait, error };
  }
  return { kind: 'failed', error };
}

/** A signal that `AbortSignal.timeout` or a deadline aborted says `TimeoutError`; any other abort is a stop. */
export function classifyAbort(reason: unknown): Verdict {
  return isNamed(reason, 'TimeoutError') ? { kind: 'timeout', error: reason } : { kind: 'interrupted' };
}

/** What names promise; any other is an error without promises. */
interface NamedErrors {
  PermanentError: Error;
  RetryLater: RetryLater;
  TimeoutError: Error;
  Unavailable: Unavailable;
}

function isNamed<Name extends keyof NamedErrors>(error: unknown, name: Name): error is NamedErrors[Name] {
  return error instanceof Error && error.name === name;
}
