export {
  foldEvent,
  foldFieldTimes,
  foldSeen,
  type FieldTimes,
  type LedgerEntry,
  type LoggedEvent,
  type RecordState,
} from './ledger-entry.js';
export { Ledger, type LedgerLog, type LedgerOptions } from './ledger.js';
export { LEDGER_MIGRATIONS } from './migrations.js';
export { readLoggedEvent } from './read-logged-event.js';
