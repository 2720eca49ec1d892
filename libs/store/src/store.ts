import type { MigrationInterface } from 'typeorm';
import { MeshError } from '@crm-mesh/contract';
import { openPostgres } from './postgres-store.js';
import { openSqlite } from './sqlite-store.js';

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
  migrations: readonly MigrationClass[];
}

/** Opens (creating an SQLite file and its folder) and migrates. Throws MESH_STORE_*. */
export async function openStore(options: StoreOptions): Promise<Store> {
  if (options.url.startsWith('sqlite:')) return openSqlite(options.url.slice('sqlite:'.length), options.migrations);
  if (/^postgres(ql)?:\/\//.test(options.url)) return openPostgres(options.url, options.migrations);
  const scheme = options.url.split(':')[0];
  throw new MeshError(
    'MESH_STORE_UNAVAILABLE',
    `The store's address begins with "${scheme}:", which is none we know.`,
    {
      cure: 'Write sqlite:<file> or postgres://user:password@host/database.',
    },
  );
}
