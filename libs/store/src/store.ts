import type { MigrationInterface } from 'typeorm';

export type Value = string | number | bigint | null | Uint8Array;
export type MigrationClass = new () => MigrationInterface;

/** Statements use `?` for parameters on both databases. */
export interface Transaction {
  /** Returns how many rows it changed. */
  run(sql: string, parameters?: readonly Value[]): Promise<number>;
  all<Row>(sql: string, parameters?: readonly Value[]): Promise<Row[]>;
}

/** An app's database. Every write is a transaction; on SQLite they stand in one queue (its driver has one connection). */
export interface Store {
  readonly dialect: 'sqlite' | 'postgres';
  read<Row>(sql: string, parameters?: readonly Value[]): Promise<Row[]>;
  write<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** `sqlite:/path/to/file.db` (`sqlite::memory:` for tests) or `postgres://…` */
  url: string;
  /** None: nothing is migrated, and no table of our own is made. */
  migrations: readonly MigrationClass[];
  /** How long SQLite waits, with the whole thread, for a lock that another process holds. Default 5,000. */
  busyTimeoutMs?: number;
  /**
   * PostgreSQL ends a transaction whose process asks for nothing so long: one that was stopped (`SIGSTOP`, a machine that
   * is gone) would keep its locks, and who takes over would wait for them. Default 3,000.
   */
  idleTransactionMs?: number;
}
