import type { Attempt, ErrorInfo } from '../outcome.js';

/** An error as it is told to people: without its stack, which `mesh dead show` has. */
export interface ToldError {
  name: string;
  /** It may quote what it failed at: absent where the record was erased since. */
  message?: string;
  code?: string;
}

export interface ToldAttempt {
  at: string;
  error: ToldError;
}

const KEPT_CHARACTERS = 500;

export function toToldError({ name, message, code }: ErrorInfo, isErased: boolean): ToldError {
  const said = isErased ? {} : { message: message.slice(0, KEPT_CHARACTERS) };
  return { name, ...said, ...(code === undefined ? {} : { code }) };
}

export function toToldAttempts(attempts: readonly Attempt[], isErased: boolean): ToldAttempt[] {
  return attempts.map(({ at, error }) => ({ at, error: toToldError(error, isErased) }));
}
