export {
  openStore,
  type MigrationClass,
  type Store,
  type StoreOptions,
  type Transaction,
  type Value,
} from './store.js';
