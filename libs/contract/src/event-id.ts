import type { RecordKey } from './record-key.js';
import { escapeToken, readToken } from './tokens.js';

/** What an event id says: which record, and which of its versions. */
export interface EventId {
  /** The record, unescaped. */
  key: RecordKey;
  /** The `recordversion` of the event: 1, 2, 3 … */
  version: number;
}

const VERSION = /^[1-9]\d{0,15}$/;

/** `tenant/connection/entity/id@version`, tokens escaped: an event's `id` and its `Nats-Msg-Id`. Throws MESH_ID_*. */
export function eventId(key: RecordKey, version: number): string {
  const scope = `${escapeToken(key.tenant)}/${escapeToken(key.connection)}`;
  return `${scope}/${escapeToken(key.entity)}/${escapeToken(key.id)}@${version}`;
}

/** The inverse of {@link eventId}; undefined when the text is no event id. */
export function parseEventId(text: string): EventId | undefined {
  const at = text.lastIndexOf('@');
  const digits = text.slice(at + 1);
  const version = Number(digits);
  if (at === -1 || !VERSION.test(digits) || !Number.isSafeInteger(version)) return undefined;
  const tokens = text.slice(0, at).split('/', 5);
  if (tokens.length !== 4) return undefined;
  const [tenant, connection, entity, id] = tokens.map(readToken);
  if (tenant === undefined || connection === undefined || entity === undefined || id === undefined) return undefined;
  return { key: { tenant, connection, entity, id }, version };
}
