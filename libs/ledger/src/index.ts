export { encodeFieldTimes, FIELD_TIMES_HEADER, readFieldTime, type FieldTimes } from './field-times.js';
export {
  foldEvent,
  foldSeen,
  foldSwallowed,
  openEntry,
  type LedgerEntry,
  type LoggedEvent,
  type RecordState,
  type SeenStatement,
  type StoredEntry,
} from './ledger-entry.js';
export { Ledger, type LedgerOptions } from './ledger.js';
export type { LedgerLog } from './log-reader.js';
export type { KeyRange, PackedMarks } from './mark-pages.js';
export { LEDGER_MIGRATIONS } from './migrations.js';
export { readLoggedEvent } from './read-logged-event.js';
export { RebuildRun } from './rebuild/rebuild-run.js';
export type { RebuildState } from './rebuild/rebuild-state.js';
export { Rebuilds, type RebuildRequest } from './rebuild/rebuilds.js';
export type { UnreadCount, UnreadRecord, UnreadRequest } from './unread-rows.js';
