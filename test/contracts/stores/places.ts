import { afterAll, beforeAll } from 'vitest';
import { openStore } from '@crm-mesh/store';
import { findPostgresBinaries, makeTempDir, startTestPostgres, type TestPostgres } from '@crm-mesh/testing';

/** Where a kind of store keeps its tables. */
export interface StoreKind {
  name: 'SQLite' | 'PostgreSQL';
  /** Why it cannot be tested here. */
  absent?: string | undefined;
  /** To be called inside the kind's `describe`. */
  use(): void;
  /** The address of a place that holds nothing yet. */
  makePlace(): Promise<string>;
}

export async function listStoreKinds(): Promise<StoreKind[]> {
  return [useSqlite(), await usePostgres()];
}

function useSqlite(): StoreKind {
  const folder = makeTempDir('stores');
  let places = 0;
  return {
    name: 'SQLite',
    use: () => afterAll(() => folder.remove()),
    makePlace: async () => `sqlite:${folder.path}/${++places}.db`,
  };
}

/** One server for the file, a schema for each place. */
async function usePostgres(): Promise<StoreKind> {
  const absent = await findPostgresBinaries().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  let server: TestPostgres | undefined;
  let places = 0;
  return {
    name: 'PostgreSQL',
    absent,
    use: () => {
      if (absent) return;
      beforeAll(async () => void (server = await startTestPostgres()));
      afterAll(() => server?.stop());
    },
    makePlace: async () => {
      const schema = `place_${++places}`;
      const store = await openStore({ url: server!.urlOf('public'), migrations: [] });
      await store.write((tx) => tx.run(`CREATE SCHEMA ${schema}`));
      await store.close();
      return server!.urlOf(schema);
    },
  };
}
