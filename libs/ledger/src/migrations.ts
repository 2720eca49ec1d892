import type { MigrationClass } from '@crm-mesh/store';
import { AddMergedInto1764000001100 } from './migrations/add-merged-into.js';
import { AddUnread1764000001300 } from './migrations/add-unread.js';
import { CreateLedger1764000001000 } from './migrations/create-ledger.js';
import { CreateRanges1764000001200 } from './migrations/create-ranges.js';

/** The tables that the ledger needs in the app's store. */
export const LEDGER_MIGRATIONS: readonly MigrationClass[] = [
  CreateLedger1764000001000,
  AddMergedInto1764000001100,
  CreateRanges1764000001200,
  AddUnread1764000001300,
];
