import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database, Statement } from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { MeshError } from '@crm-mesh/contract';
import { createMutex } from './mutex.js';
import type { Store, StoreOptions, Transaction, Value } from './store.js';

/** How many prepared statements are kept; the engine and the ledger use about thirty. */
const STATEMENT_CACHE_SIZE = 200;

export async function openSqlite(
  file: string,
  { migrations, busyTimeoutMs }: Pick<StoreOptions, 'migrations' | 'busyTimeoutMs'>,
): Promise<Store> {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
  const source = new DataSource({
    type: 'better-sqlite3',
    database: file,
    migrations: [...migrations],
    migrationsTransactionMode: 'each',
    enableWAL: true,
    ...(busyTimeoutMs === undefined ? {} : { timeout: busyTimeoutMs }),
    // WAL alone leaves synchronous=NORMAL, with which a power cut may lose what was committed.
    prepareDatabase: (database: Database) => void database.pragma('synchronous = FULL'),
  });
  try {
    await source.initialize();
    if (migrations.length > 0) await source.runMigrations();
  } catch (error) {
    throw new MeshError('MESH_STORE_UNAVAILABLE', `The SQLite store ${file} cannot be opened.`, { cause: error });
  }
  const database = (source.driver as unknown as { databaseConnection: Database }).databaseConnection;
  return createSqliteStore(source, database);
}

function createSqliteStore(source: DataSource, database: Database): Store {
  const exclusive = createMutex();
  const prepare = createStatementCache(database);
  const transaction: Transaction = {
    run: async (sql, parameters = []) => prepare(sql).run(...bindable(parameters)).changes,
    all: async <Row>(sql: string, parameters: readonly Value[] = []) =>
      prepare(sql).all(...bindable(parameters)) as Row[],
  };
  return {
    dialect: 'sqlite',
    // Reads stand in the queue as well: on the one connection they would see what a transaction under way may roll back.
    read: <Row>(sql: string, parameters?: readonly Value[]) => exclusive(() => transaction.all<Row>(sql, parameters)),
    write: (work) =>
      exclusive(async () => {
        database.exec('BEGIN IMMEDIATE');
        try {
          const result = await work(transaction);
          database.exec('COMMIT');
          return result;
        } catch (error) {
          // A full disk has rolled back already.
          if (database.inTransaction) database.exec('ROLLBACK');
          throw error;
        }
      }),
    close: () => exclusive(() => source.destroy()),
  };
}

function bindable(parameters: readonly Value[]): readonly Value[] {
  return parameters.map((value) =>
    value instanceof Uint8Array && !Buffer.isBuffer(value)
      ? Buffer.from(value.buffer, value.byteOffset, value.length)
      : value,
  );
}

function createStatementCache(database: Database): (sql: string) => Statement {
  const statements = new Map<string, Statement>();
  return (sql) => {
    let statement = statements.get(sql);
    if (!statement) {
      if (statements.size >= STATEMENT_CACHE_SIZE) statements.clear();
      statement = database.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
}
