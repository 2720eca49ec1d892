import type { MismatchKind } from '../mismatch.js';

/** What a CRM shows of one record. Times are epoch milliseconds. */
export interface CrmSight {
  /** It is not there, or stands there as deleted. */
  isGone: boolean;
  /** When the CRM says that it was changed last; absent where it does not say. */
  modifiedAtMs?: number | undefined;
  /** The time that its mapping gives it, where it was mapped. It may be later within a CRM's second. */
  statedAtMs?: number | undefined;
  /** Hash of what today's mapping makes of it; absent where it was not mapped. */
  hash?: string | undefined;
}

/** What the ledger holds of one record. */
export interface KnownRecord {
  /** 0: none was told. */
  version: number;
  state: 'present' | 'deleted' | 'erased';
  hash: string;
  seenAtMs: number;
}

/** A CRM that counts whole seconds states the end of one: this much later than what is known is another time for sure. */
const SECOND_MS = 1_000;

/** How the ledger differs from what the CRM shows; undefined: it does not. */
export function compareRecord(sight: CrmSight, known: KnownRecord | undefined): MismatchKind | undefined {
  if (sight.isGone) return isHeld(known) ? 'extra' : undefined;
  if (!isHeld(known)) return isBack(sight, known) ? 'missing' : undefined;
  if (sight.hash === known.hash) return undefined;
  // It may have been touched for nothing: without its content this is a guess.
  if (isNewer(sight, known)) return 'stale';
  if (sight.hash === undefined) return undefined;
  // Of a record that says an older time the ledger knows something newer.
  return (sight.statedAtMs ?? sight.modifiedAtMs ?? Infinity) >= known.seenAtMs ? 'edited' : undefined;
}

function isHeld(known: KnownRecord | undefined): known is KnownRecord {
  return known?.state === 'present' && known.version > 0;
}

function isNewer({ modifiedAtMs = -Infinity, statedAtMs = -Infinity }: CrmSight, { seenAtMs }: KnownRecord): boolean {
  return modifiedAtMs > seenAtMs || statedAtMs >= seenAtMs + SECOND_MS;
}

/** What was erased comes back only by a change that is newer than the order to erase it: the order stands. */
function isBack(sight: CrmSight, known: KnownRecord | undefined): boolean {
  return known?.state !== 'erased' || isNewer(sight, known);
}

/** As a mismatch shows what the ledger holds: of an edited record its hash, else the time up to which it is known. */
export function describeKnown(kind: MismatchKind, known: KnownRecord | undefined): string | undefined {
  if (!known) return undefined;
  return kind === 'edited' ? known.hash : new Date(known.seenAtMs).toISOString();
}

/** As a mismatch shows what the CRM holds; undefined where it has no such record, or does not say when it changed. */
export function describeSight(kind: MismatchKind, sight: CrmSight): string | undefined {
  if (sight.isGone) return undefined;
  if (kind === 'edited') return sight.hash;
  const atMs = sight.statedAtMs ?? sight.modifiedAtMs;
  return atMs === undefined ? undefined : new Date(atMs).toISOString();
}

/** Nothing was told of it, and nothing seen, since it was looked at. */
export function isUnchanged(before: KnownRecord | undefined, now: KnownRecord | undefined): boolean {
  return before?.version === now?.version && before?.state === now?.state && before?.seenAtMs === now?.seenAtMs;
}
