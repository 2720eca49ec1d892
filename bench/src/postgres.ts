import { findPostgresBinaries, startTestPostgres } from '@crm-mesh/testing';
import type { Ground } from './ground.js';

/** Undefined where there is a PostgreSQL. */
export function whyNoPostgres(): Promise<string | undefined> {
  return findPostgresBinaries().then(
    () => undefined,
    (error: unknown) => `there is no PostgreSQL: ${error instanceof Error ? error.message : String(error)}`,
  );
}

/** One that syncs what it commits, as SQLite does here. */
export async function startPostgres(ground: Ground): Promise<string> {
  const postgres = await startTestPostgres({ syncs: true });
  ground.onClose(() => postgres.stop());
  return postgres.urlOf('public');
}
