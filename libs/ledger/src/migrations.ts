import type { MigrationClass } from '@crm-mesh/store';
import { CreateLedger1764000001000 } from './migrations/create-ledger.js';

/** The tables that the ledger needs in the app's store. */
export const LEDGER_MIGRATIONS: readonly MigrationClass[] = [CreateLedger1764000001000];
