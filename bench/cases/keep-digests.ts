import type { BenchCase, Contest, OpenOptions } from '../src/bench-case.js';
import { Ground } from '../src/ground.js';
import { startPostgres, whyNoPostgres } from '../src/postgres.js';
import { measureNormalise, openNormaliser } from './normalise.js';

/** What the digests of key ranges cost the normaliser: the same publisher with and without them. */
export const keepDigests: BenchCase = {
  name: 'keep-digests',
  reference: 'the same without digests',
  unit: 'events/s',
  goal: { kind: 'ratio-at-least', target: 0.9 },
  events: 12_000,
  open: (options) => openKeepDigests(options),
};

/** The same with the ledger on PostgreSQL. */
export const keepDigestsPostgres: BenchCase = {
  ...keepDigests,
  name: 'keep-digests-postgres',
  whyNot: whyNoPostgres,
  open: (options) => openKeepDigests(options, startPostgres),
};

async function openKeepDigests(
  { events, profileDir }: OpenOptions,
  openStore?: (ground: Ground) => Promise<string>,
): Promise<Contest> {
  // A mesh for each side: only one publisher of a mesh normalises.
  const grounds = { ours: await Ground.open(), reference: await Ground.open() };
  for (const side of ['ours', 'reference'] as const) {
    const store = await openStore?.(grounds[side]);
    await openNormaliser(grounds[side], { profileDir, keepsRanges: side === 'ours', ...(store && { store }) });
  }
  let runs = 0;
  return {
    measure: (side) => measureNormalise(grounds[side], events, `n${(runs += 1)}`),
    close: async () => {
      await grounds.ours.close();
      await grounds.reference.close();
    },
  };
}
