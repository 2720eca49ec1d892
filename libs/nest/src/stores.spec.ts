import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { expect, it } from 'vitest';
import { findPostgresBinaries, makeTempDir, startTestPostgres } from '@crm-mesh/testing';
import { EventPattern, PermanentError, type MeshEvent } from './index.js';
import {
  createStrategy,
  named,
  outcomesOf,
  readDeadLetters,
  startApp,
  tell,
  until,
  useServer,
} from './nest-app.fixture.js';

useServer();

async function openSqlite() {
  const temp = makeTempDir('nest-store');
  return { store: `sqlite:${temp.path}/app.db`, remove: async () => temp.remove() };
}

async function openPostgres() {
  const server = await startTestPostgres();
  return { store: server.urlOf('public'), remove: () => server.stop() };
}

const absent = await findPostgresBinaries().then(
  () => undefined,
  (error: unknown) => String(error),
);
if (absent) console.warn(`NOT TESTED: a Nest app on PostgreSQL: ${absent}`);

const kinds: [string, () => Promise<{ store: string; remove(): Promise<void> }>][] = [['SQLite', openSqlite]];
if (!absent) kinds.push(['PostgreSQL', openPostgres]);

it.each(kinds)('an app keeps attempts and inbox in %s of its own', { timeout: 120_000 }, async (_, open) => {
  const { store, remove } = await open();
  const consumer = named('stored');
  const failed = new Set<string>();
  @Controller()
  class Deals {
    @EventPattern('deal.won', { consumer, delivery: { backoff: { initialMs: 10 } } })
    take(@Payload() { data: { id } }: MeshEvent<'deal.won'>): void {
      if (id === 'bad') throw new PermanentError('not ever');
      if (failed.has(id)) return;
      failed.add(id);
      throw new Error('not yet');
    }
  }
  const app = await startApp([Deals], createStrategy({ store }));
  for (const id of ['1', 'bad']) await tell(id);
  await until(() =>
    expect(outcomesOf(consumer, '1')).toMatchObject([{ result: 'retried' }, { result: 'acked', attempt: 2 }]),
  );
  await until(async () => expect(await readDeadLetters(consumer)).toHaveLength(1));
  await app.close();
  await remove();
});
