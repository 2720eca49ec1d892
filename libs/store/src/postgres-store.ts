import { DataSource, type QueryRunner } from 'typeorm';
import { MeshError } from '@crm-mesh/contract';
import type { Store, StoreOptions, Transaction, Value } from './store.js';

/** Held while migrating, so that two apps that start at once do not both migrate. Any number, the same everywhere. */
const MIGRATION_LOCK = 72_631_904;

export async function openPostgres({ url, migrations, idleTransactionMs = 3_000 }: StoreOptions): Promise<Store> {
  const source = new DataSource({
    type: 'postgres',
    url,
    migrations: [...migrations],
    migrationsTransactionMode: 'each',
    parseInt8: true,
    extra: { idle_in_transaction_session_timeout: idleTransactionMs },
  });
  try {
    await source.initialize();
    if (migrations.length > 0) await migrateLocked(source);
  } catch (error) {
    throw new MeshError('MESH_STORE_UNAVAILABLE', `The PostgreSQL store at ${nameHost(url)} cannot be opened.`, {
      cause: error,
    });
  }
  return {
    dialect: 'postgres',
    read: <Row>(sql: string, parameters: readonly Value[] = []) =>
      source.query<Row[]>(numberParameters(sql), bindable(parameters)),
    write: async (work) => {
      const runner = source.createQueryRunner();
      try {
        await runner.startTransaction();
        const result = await work(createTransaction(runner));
        await runner.commitTransaction();
        return result;
      } catch (error) {
        if (runner.isTransactionActive) await runner.rollbackTransaction();
        throw error;
      } finally {
        await runner.release();
      }
    },
    close: () => source.destroy(),
  };
}

async function migrateLocked(source: DataSource): Promise<void> {
  const runner = source.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await source.runMigrations();
  } finally {
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await runner.release();
  }
}

function createTransaction(runner: QueryRunner): Transaction {
  return {
    run: async (sql, parameters = []) =>
      (await runner.query(numberParameters(sql), bindable(parameters), true)).affected ?? 0,
    all: async <Row>(sql: string, parameters: readonly Value[] = []) =>
      (await runner.query(numberParameters(sql), bindable(parameters), true)).records as Row[],
  };
}

function nameHost(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '(unreadable address)';
}

function bindable(parameters: readonly Value[]): unknown[] {
  return parameters.map((value) =>
    value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.length) : value,
  );
}

const numbered = new Map<string, string>();

/** `?` → `$1`, `$2` …; our statements hold no question mark but for parameters. */
export function numberParameters(sql: string): string {
  let text = numbered.get(sql);
  if (text === undefined) {
    let count = 0;
    text = sql.replaceAll('?', () => `$${++count}`);
    if (numbered.size > 500) numbered.clear();
    numbered.set(sql, text);
  }
  return text;
}
