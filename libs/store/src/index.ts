export { cutIntoStatements } from './cut-into-statements.js';
export { GroupCommit } from './group-commit.js';
export { openStore } from './open-store.js';
export type { MigrationClass, Store, StoreOptions, Transaction, Value } from './store.js';
