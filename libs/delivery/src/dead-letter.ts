import type { Attempt, ErrorInfo } from './outcome.js';

/** A buried delivery, as it lies in CRM_DEAD (JSON). */
export interface DeadLetter {
  consumer: string;
  /** The version of the code that failed. */
  version: string;
  buriedAt: string;
  error: ErrorInfo;
  /** Oldest first; the newest few where there were many. */
  attempts: Attempt[];
  attemptCount: number;
  /** Of the W3C trace context that came with the message; absent where none came. */
  traceId?: string;
  /** As it was told first, however often it was redriven since. */
  original: {
    stream: string;
    incarnation: string;
    subject: string;
    sequence: number;
    storedAt: string;
    traceparent?: string;
    /** The message as JSON, as text or in base64: the first that gives back every byte. All absent when it is too large to repeat. */
    payload?: unknown;
    payloadText?: string;
    payloadBase64?: string;
  };
  /** Set where a redriven copy failed: its place in CRM_DIRECT, and the patch that it went through. The payload is the copy's. */
  copy?: { incarnation: string; sequence: number; by: string; patch?: string };
}
