import { createHash } from 'node:crypto';

/** Streams whose messages repeat under `direct.<consumer>.…` with their own first token. */
const FIRST_TOKEN = { CRM_RAW: 'raw', CRM_EVENTS: 'crm' } as const;

/** The subject that a message had before it was sent to one consumer alone. */
export function restoreSubject(stream: keyof typeof FIRST_TOKEN, subject: string): string {
  if (!subject.startsWith('direct.')) return subject;
  const rest = subject.slice(subject.indexOf('.', 'direct.'.length) + 1);
  return `${FIRST_TOKEN[stream]}.${rest}`;
}

/** The record that a subject names: `crm.<tenant>.<connection>.<entity>.<action>.<id>` without the action, or `raw.…` as it is. */
export function laneOfSubject(subject: string): string {
  const start = subject.indexOf('.') + 1;
  const id = subject.lastIndexOf('.');
  if (!subject.startsWith('crm.')) return subject.slice(start);
  // Neither an action nor an id has a dot.
  return subject.slice(start, subject.lastIndexOf('.', id - 1)) + subject.slice(id);
}

/** In PostgreSQL an entry of an index has at most 2,704 bytes. */
const LONGEST_KEY = 600;
const LONE_SURROGATE = /\p{Cs}/u;

/** A key that a plugin made, as both databases take it and give it back: they know no NUL and no half characters. */
export function storableLane(key: string): string {
  if (key.length <= LONGEST_KEY && !key.includes('\0') && !LONE_SURROGATE.test(key)) return key;
  return `sha256:${createHash('sha256').update(Buffer.from(key, 'utf16le')).digest('hex')}`;
}
