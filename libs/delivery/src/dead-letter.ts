import type { ErrorInfo } from './outcome.js';

/** A buried delivery, as it lies in CRM_DEAD (JSON). */
export interface DeadLetter {
  consumer: string;
  /** The version of the code that failed. */
  version: string;
  buriedAt: string;
  error: ErrorInfo;
  /** Oldest first; the newest few where there were many. */
  attempts: { at: string; error: ErrorInfo }[];
  attemptCount: number;
  original: {
    stream: string;
    incarnation: string;
    subject: string;
    sequence: number;
    storedAt: string;
    /** The message as JSON, as text or in base64: the first that gives back every byte. All absent when it is too large to repeat. */
    payload?: unknown;
    payloadText?: string;
    payloadBase64?: string;
  };
}
