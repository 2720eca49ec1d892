import { join } from 'node:path';
import type { BenchCase, Contest, OpenOptions, Side } from '../src/bench-case.js';
import type { PagesRead, ReadOptions } from '../references/read-pages.js';
import type { Compared, CompareOptions } from '../src/comparing-server.js';
import { expectCount, Ground } from '../src/ground.js';
import { startPostgres, whyNoPostgres } from '../src/postgres.js';
import { countExtra, fillSides, HOLDER, writeHolder, type SideUrls } from '../src/two-sides.js';
import { startWorker, type Worker } from '../src/worker.js';
import { startServer } from './webhook.js';

const RECORDS = 1_000_000;
/** Connections of the same tables; by the second one memory shows whether it grows with the records. */
const WHOLE = 'whole';
const TENTH = 'tenth';

/** The ledger against the SQL table of a plugin in its host, both read in pages; 100 records differ. */
export const reconcileFull: BenchCase = {
  name: 'reconcile-full',
  group: 'reconcile',
  reference: "the ledger's pages, read alone",
  unit: 'records/s',
  goal: { kind: 'ratio-at-least', target: 0.8 },
  events: 100,
  onlyNamed: true,
  open: (options) => openReconcile(options, { digests: false }),
};

/** The same by digests. */
export const reconcileDigests: BenchCase = {
  ...reconcileFull,
  name: 'reconcile-digests',
  reference: 'the same without digests',
  goal: { kind: 'ratio-at-least', target: 5 },
  open: (options) => openReconcile(options, { digests: true }),
};

/** Both with ledger and table on PostgreSQL. */
export const reconcileFullPostgres: BenchCase = {
  ...reconcileFull,
  name: 'reconcile-full-postgres',
  whyNot: whyNoPostgres,
  open: (options) => openReconcile(options, { digests: false, openStore: startPostgres }),
};
export const reconcileDigestsPostgres: BenchCase = {
  ...reconcileDigests,
  name: 'reconcile-digests-postgres',
  whyNot: whyNoPostgres,
  open: (options) => openReconcile(options, { digests: true, openStore: startPostgres }),
};

interface Kind {
  digests: boolean;
  openStore?(ground: Ground): Promise<string>;
}

async function openReconcile(options: OpenOptions, kind: Kind): Promise<Contest> {
  const ground = await Ground.open();
  try {
    return await openOn(ground, options, kind);
  } catch (error) {
    await ground.close();
    throw error;
  }
}

async function openOn(
  ground: Ground,
  { events: differences, records = RECORDS, profileDir }: OpenOptions,
  { digests, openStore }: Kind,
): Promise<Contest> {
  const store = await openStore?.(ground);
  const urls: SideUrls = {
    ledger: store ?? `sqlite:${join(ground.temp.path, 'publisher.db')}`,
    sink: store ?? `sqlite:${join(ground.temp.path, 'sink.db')}`,
  };
  const counts: Record<string, number> = { [WHOLE]: records, [TENTH]: Math.ceil(records / 10) };
  const planted = await fillSides(urls, counts, differences);
  const host = await startServer(ground, 'src/host-server', { profileDir });
  await host.call('open', {
    natsUrl: ground.natsUrl,
    folder: ground.temp.path,
    plugin: { name: HOLDER, source: writeHolder(urls.sink) },
  });
  const comparing = await startServer(ground, 'src/comparing-server', { profileDir });
  const opened = { natsUrl: ground.natsUrl, store: urls.ledger };
  await comparing.call('open', opened);
  const reading = await startServer(ground, 'references/read-pages');
  await reading.call('open', urls);
  const readAlone = (side: ReadOptions['side']): Promise<PagesRead> =>
    reading.call('read', { side, connection: WHOLE } satisfies ReadOptions);

  const compare = async (worker: Worker, asked: CompareOptions): Promise<Compared> => {
    const told = await worker.call<Compared>('compare', asked);
    expectSame(planted.get(asked.connection)!, told.found.toSorted());
    return told;
  };
  /** A fresh process each time: memory that was taken once is seldom given back. */
  const measureMemory = async (): Promise<string> => {
    const told: string[] = [];
    for (const connection of [TENTH, WHOLE]) {
      const worker = startWorker('src/comparing-server');
      await worker.call('open', opened);
      const { moreMb } = await compare(worker, { connection, digests });
      await worker.stop();
      told.push(`${Math.round(moreMb)} MB for ${counts[connection]!.toLocaleString('en-US')} records`);
    }
    return told.join(', ');
  };
  let share = 0;
  return {
    measure: async (side: Side) => {
      if (side === 'reference' && !digests) {
        const read = await readAlone('ledger');
        expectCount('records read', read.records, records - countExtra(differences));
        return records / read.seconds;
      }
      const told = await compare(comparing, { connection: WHOLE, digests: digests && side === 'ours' });
      if (side === 'ours') share = told.rows / (2 * records);
      return records / told.seconds;
    },
    report: async () => [
      `${differences} differences found of ${differences}, and no other; ${percent(share)} of the rows read`,
      `the table's pages, read alone: ${Math.round(records / (await readAlone('sink')).seconds)} records/s`,
      `memory more than before: ${await measureMemory()}`,
    ],
    close: () => ground.close(),
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** A comparison that misses a difference, or tells of one that is none, has measured nothing. */
function expectSame(expected: readonly string[], found: readonly string[]): void {
  const missed = expected.filter((each) => !found.includes(each));
  const wrong = found.filter((each) => !expected.includes(each));
  if (missed.length + wrong.length > 0 || found.length !== expected.length)
    throw new Error(`not found: ${missed.join(', ')}; and found: ${wrong.join(', ')}`);
}
