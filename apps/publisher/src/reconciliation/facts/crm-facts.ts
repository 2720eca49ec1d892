import { deadSubject, formatRecordKey, rawSubject } from '@crm-mesh/contract';
import { listParkedAmong } from '@crm-mesh/delivery';
import type { Nats } from '@crm-mesh/jetstream';
import type { Ledger, LedgerEntry } from '@crm-mesh/ledger';
import type { Mismatch, RecordFacts } from '@crm-mesh/reconciliation';
import type { Store } from '@crm-mesh/store';
import { NORMALISER } from '../../normaliser/normaliser.js';
import { mapSome } from './map-some.js';

export interface CrmFactsOptions {
  nats: Nats;
  store: Store;
  ledger: Pick<Ledger, 'get' | 'refresh'>;
}

/** Gathers what the mesh knows of records on which a CRM and the ledger differ. */
export async function collectCrmFacts(
  { nats, store, ledger }: CrmFactsOptions,
  mismatches: readonly Mismatch[],
): Promise<RecordFacts[]> {
  const durable = await nats.durableState('CRM_RAW', NORMALISER);
  const settledUpTo = durable?.ackFloorSequence ?? 0;
  await ledger.refresh();
  const names = mismatches.map(({ record }) => formatRecordKey(record));
  const parked = new Set(await listParkedAmong(store, NORMALISER, new Set(names)));
  return mapSome(mismatches, async (mismatch) => {
    const subject = rawSubject(mismatch.record);
    const [entry, dead, waiting] = await Promise.all([
      ledger.get(mismatch.record),
      nats.getNextMessage('CRM_DEAD', 1, deadSubject(NORMALISER, subject)),
      nats.getNextMessage('CRM_RAW', settledUpTo + 1, subject),
    ]);
    const isParked = parked.has(formatRecordKey(mismatch.record));
    return weighCrm(mismatch, { entry, isParked, isDead: dead !== undefined, isWaiting: waiting !== undefined });
  });
}

/** All that was gathered of one record. */
export interface CrmEvidence {
  entry: Pick<LedgerEntry, 'version' | 'state' | 'seenAtMs' | 'hash'> | undefined;
  isDead: boolean;
  isParked: boolean;
  /** A notification of it lies in CRM_RAW, and is not settled. */
  isWaiting: boolean;
}

export function weighCrm(mismatch: Mismatch, { entry, isDead, isParked, isWaiting }: CrmEvidence): RecordFacts {
  return {
    ledger: !entry ? 'unknown' : entry.version === 0 ? 'untold' : entry.state === 'present' ? 'present' : 'gone',
    ...{ isDead, isParked },
    isInFlight: isWaiting || hasComeUp(mismatch, entry),
    ...{ isHeard: true, wasApplied: false, isOlder: false },
  };
}

/** Since they were compared, the ledger has learned what the CRM holds. */
function hasComeUp({ kind, expected }: Mismatch, entry: CrmEvidence['entry']): boolean {
  const isPresent = entry?.state === 'present' && entry.version > 0;
  if (kind === 'extra') return !isPresent;
  if (kind === 'missing') return isPresent;
  if (kind === 'edited') return expected !== undefined && entry?.hash === expected;
  const expectedMs = Date.parse(expected ?? '');
  return entry !== undefined && expectedMs <= entry.seenAtMs;
}
