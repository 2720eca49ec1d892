import { escapeToken, type RecordKey } from '@crm-mesh/contract';
import {
  decideCrmRepair,
  type CrmRepair,
  type Mismatch,
  type Repairer,
  type RepairOutcome,
} from '@crm-mesh/reconciliation';
import type { NotificationDraft } from '@crm-mesh/sdk';
import type { Connection } from '../../connections/connections.js';
import type { DraftPublisher } from '../../polling/draft-publisher.js';
import { Scratch } from './scratch.js';
import type { CrmLegDependencies } from './sides.js';
import { toKnown, type Suspect } from './suspect.js';

export interface CrmRepairerDependencies extends CrmLegDependencies {
  publisher: Pick<DraftPublisher, 'publish'>;
  /** Aborts when the process is to end. */
  signal: AbortSignal;
}

/** A repair is decided on a ledger that is younger than this. */
const MAX_AGE_MS = 1_000;

type Run = Parameters<Repairer['repair']>[1];

/**
 * Says of a record that it may have changed, as a webhook would: it takes the normal way, and what is right is read from the
 * CRM there. A source that cannot fetch gets the row that showed the difference.
 */
export function createCrmRepairer(dependencies: CrmRepairerDependencies): Repairer {
  return { repair: (mismatch, run) => repair(mismatch, run, dependencies) };
}

async function repair(mismatch: Mismatch, run: Run, dependencies: CrmRepairerDependencies): Promise<RepairOutcome> {
  const { ledger, connections, pressure, publisher, signal, now } = dependencies;
  const { record } = mismatch;
  const connection = connections.find(record.tenant, record.connection);
  if (!connection) return 'impossible';
  const place = escapeToken(record.id);
  const scratch = new Scratch(dependencies.store, { ...record, run: run.run });
  const [suspect] = await scratch.findSuspects<Suspect>([place]);
  await ledger.ensureFresh(MAX_AGE_MS);
  const readMs = suspect?.note.readMs ?? now();
  const decided = decideCrmRepair(mismatch, toKnown(await ledger.get(record)), readMs);
  if (!decided) return 'overtaken';
  const merge = decided.change === 'deleted' ? await describeMerge(record, suspect?.note, dependencies) : undefined;
  const draft = buildDraft({ mismatch, run, connection, decided, row: suspect?.note.draft, merge });
  if (!draft) return 'impossible';
  await pressure.untilLow('repair', signal, () => undefined);
  const proof = { origin: 'repair', verifiedBy: 'reconciliation', receivedAt: new Date(readMs).toISOString() } as const;
  const { refused } = await publisher.publish(connection, [draft], { ...proof, signal, onHeld: () => undefined });
  return refused > 0 ? 'impossible' : 'sent';
}

type Merge = Pick<NotificationDraft, 'id' | 'change' | 'mergedIds'>;

/** Of the record that has swallowed it, as far as the ledger does not know it yet: what is known is not told again. */
async function describeMerge(
  { id: loser, ...scope }: RecordKey,
  suspect: Suspect | undefined,
  { ledger }: Pick<CrmRepairerDependencies, 'ledger'>,
): Promise<Merge | undefined> {
  if (suspect?.winner === undefined) return undefined;
  const entry = await ledger.get({ ...scope, id: suspect.winner });
  if (entry?.aliases.includes(loser)) return undefined;
  // Of one that was never told who waits for `created` must hear.
  return { id: suspect.winner, change: entry && entry.version > 0 ? 'merged' : 'unknown', mergedIds: [loser] };
}

interface Told {
  mismatch: Mismatch;
  run: Run;
  connection: Connection;
  decided: CrmRepair;
  /** That showed it. */
  row: NotificationDraft | undefined;
  merge: Merge | undefined;
}

/** The same for the same run and record, however often it is asked for. */
function buildDraft({ mismatch, run, connection, decided, row, merge }: Told): NotificationDraft | undefined {
  const { record, kind } = mismatch;
  const { entity, id } = record;
  const { atMs, change } = decided;
  const carriesRecord = !connection.source.fetch;
  if (carriesRecord && !row && change !== 'deleted') return undefined;
  const modifiedAt = atMs === undefined ? row?.modifiedAt : new Date(atMs).toISOString();
  const told: NotificationDraft = {
    ...{ entity, id, change: carriesRecord && row && change === 'unknown' ? row.change : change },
    dedupeKey: ['repair', run.run, entity, id].join('/'),
    ...(modifiedAt !== undefined && { modifiedAt }),
    payload: { run: run.run, by: run.by, kind, label: run.label },
  };
  // What is told of the record that stays says of the other that it is gone.
  if (merge && !carriesRecord) return { ...told, ...merge };
  if (change === 'deleted') return told;
  const { mergedIds } = row ?? {};
  const merged = mergedIds ? { ...told, mergedIds } : told;
  return carriesRecord ? { ...merged, payload: row?.payload, ...carry(row) } : merged;
}

function carry(row: NotificationDraft | undefined): Pick<NotificationDraft, 'fetched'> {
  return row?.fetched === undefined ? {} : { fetched: row.fetched };
}
