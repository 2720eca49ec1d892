import { MeshError } from './errors.js';
import type { RecordKey } from './record-key.js';
import { escapeToken, readToken } from './tokens.js';

/** Longest subject in bytes; past it the server would only let a publish time out. */
export const MAX_SUBJECT_BYTES = 1024;
/**
 * An event's own subject stays below that, so that each event fits under `direct.<consumer>.` and `dead.<consumer>.`
 * whatever the consumer's name: what cannot be buried must not be told.
 */
const MAX_EVENT_SUBJECT_BYTES = 760;
/** And a notification's stays below an event's by the longest action, so that what was received can be told. */
const MAX_RAW_SUBJECT_BYTES = 744;

/** A record's event, as its subject tells it: `crm.<tenant>.<connection>.<entity>.<action>.<id>`. */
export interface EventAddress extends RecordKey {
  /** What happened, the most specific: `won`, not `updated`. */
  action: string;
}

/** `raw.<tenant>.<connection>.<entity>.<id>`. Throws MESH_ID_*. */
export function rawSubject(key: RecordKey): string {
  const subject = `raw.${escapeToken(key.tenant)}.${escapeToken(key.connection)}.${escapeToken(key.entity)}.${escapeToken(key.id)}`;
  return checkLength(subject, MAX_RAW_SUBJECT_BYTES);
}

/** `crm.<tenant>.<connection>.<entity>.<action>.<id>`. Throws MESH_ID_*. */
export function eventSubject(address: EventAddress): string {
  const scope = `${escapeToken(address.tenant)}.${escapeToken(address.connection)}`;
  const subject = `crm.${scope}.${escapeToken(address.entity)}.${escapeToken(address.action)}.${escapeToken(address.id)}`;
  return checkLength(subject, MAX_EVENT_SUBJECT_BYTES);
}

/** `direct.<consumer>.<all of the original subject but its first token>` */
export function directSubject(consumer: string, original: string): string {
  return checkLength(`direct.${escapeToken(consumer)}.${dropFirstToken(original)}`, MAX_SUBJECT_BYTES);
}

/** `dead.<consumer>.<all of the original subject but its first token>` */
export function deadSubject(consumer: string, original: string): string {
  return checkLength(`dead.${escapeToken(consumer)}.${dropFirstToken(original)}`, MAX_SUBJECT_BYTES);
}

/** `audit.<kind>.<consumer>`; of what concerns one record `audit.<kind>.<consumer>.<tenant>.<connection>.<entity>.<id>`. */
export function auditSubject(kind: string, consumer: string, record?: RecordKey): string {
  const subject = `audit.${escapeToken(kind)}.${escapeToken(consumer)}`;
  if (!record) return subject;
  const tokens = [record.tenant, record.connection, record.entity, record.id].map(escapeToken);
  return checkLength(`${subject}.${tokens.join('.')}`, MAX_SUBJECT_BYTES);
}

/** The parts of a `crm.…` subject, unescaped; undefined when it is none. */
export function parseEventSubject(subject: string): EventAddress | undefined {
  const parts = readParts(subject, 'crm', 6);
  if (!parts) return undefined;
  const [tenant, connection, entity, action, id] = parts as [string, string, string, string, string];
  return { tenant, connection, entity, action, id };
}

/** The parts of a `raw.…` subject, unescaped; undefined when it is none. */
export function parseRawSubject(subject: string): RecordKey | undefined {
  const parts = readParts(subject, 'raw', 5);
  if (!parts) return undefined;
  const [tenant, connection, entity, id] = parts as [string, string, string, string];
  return { tenant, connection, entity, id };
}

/** A filter over `crm.…`; what is absent becomes `*`. Throws MESH_ID_*. */
export function eventFilter(part: Partial<EventAddress>): string {
  const tokens = [part.tenant, part.connection, part.entity, part.action, part.id].map(escapeOrAny);
  return checkLength(`crm.${tokens.join('.')}`, MAX_SUBJECT_BYTES);
}

/** A filter over `raw.…`; what is absent becomes `*`. Throws MESH_ID_*. */
export function rawFilter(part: Partial<RecordKey>): string {
  const tokens = [part.tenant, part.connection, part.entity, part.id].map(escapeOrAny);
  return checkLength(`raw.${tokens.join('.')}`, MAX_SUBJECT_BYTES);
}

function escapeOrAny(text: string | undefined): string {
  return text === undefined ? '*' : escapeToken(text);
}

function dropFirstToken(subject: string): string {
  const dot = subject.indexOf('.');
  if (dot === -1 || dot === subject.length - 1) {
    throw new MeshError('MESH_ID_EMPTY', 'A subject has nothing after its first token.');
  }
  return subject.slice(dot + 1);
}

function readParts(subject: string, root: string, count: number): string[] | undefined {
  const tokens = subject.split('.', count + 1);
  if (tokens.length !== count || tokens[0] !== root) return undefined;
  const parts: string[] = [];
  for (let index = 1; index < count; index++) {
    const text = readToken(tokens[index] ?? '');
    if (text === undefined) return undefined;
    parts.push(text);
  }
  return parts;
}

function checkLength(subject: string, maxBytes: number): string {
  if (subject.length <= maxBytes) return subject;
  throw new MeshError('MESH_ID_TOO_LONG', `A subject is ${subject.length} bytes long; ${maxBytes} are allowed.`);
}
