import type { RecordKey } from '@crm-mesh/contract';
import type { LedgerEntry } from '@crm-mesh/ledger';
import type { KnownRecord, Mismatch, MismatchKind } from '@crm-mesh/reconciliation';
import type { NotificationDraft, Source } from '@crm-mesh/sdk';

/** A record that differs at first sight, or differs still. Kept in the database until it is repaired, or compared anew. */
export interface Suspect {
  /** At first sight. */
  kind: MismatchKind;
  /** The row that showed it, for who repairs it: of a source that cannot fetch, the record itself. */
  draft?: NotificationDraft;
  /** When the CRM was asked, epoch milliseconds. */
  readMs: number;
  /** What the ledger held at first sight; absent: nothing. */
  known?: KnownRecord;
  /** Of one that is gone: the id of the record that has swallowed it, where the CRM says so. */
  winner?: string;
  /** What came out when it was looked at again. */
  proved?: Omit<Mismatch, 'record'>;
}

/** The ledger's part of it. */
export function noteKnown(entry: LedgerEntry | undefined): Pick<Suspect, 'known'> {
  const known = toKnown(entry);
  return known ? { known } : {};
}

/** What is fetched needs no keeping: it is fetched again. */
export function keepDraft({ fetch }: Source, { fetched, ...draft }: NotificationDraft): NotificationDraft {
  return fetch || fetched === undefined ? draft : { ...draft, fetched };
}

export function toKnown(entry: LedgerEntry | undefined): KnownRecord | undefined {
  if (!entry) return undefined;
  const { version, state, hash, seenAtMs } = entry;
  return { version, state, hash, seenAtMs };
}

export function toMismatch(record: RecordKey, { kind, expected, found }: Omit<Mismatch, 'record'>): Mismatch {
  return {
    record,
    kind,
    ...(expected !== undefined && { expected }),
    ...(found !== undefined && { found }),
  };
}
