import type { LedgerEntry } from '@crm-mesh/ledger';
import type { Mismatch, RecordFacts } from '@crm-mesh/reconciliation';

/** One event of the record, as one plugin sees it. */
export interface WeighedEvent {
  /** In CRM_EVENTS. */
  sequence: number;
  version: number;
  /** It tells that the record is gone. */
  isEnd: boolean;
  /** The plugin listens to it, does not skip its origin, and had begun. */
  isTold: boolean;
  /** As the plugin marks records, where it marks fields. */
  mark?: string | undefined;
}

/** All that was gathered of one record for one plugin. */
export interface PluginEvidence {
  entry: Pick<LedgerEntry, 'version' | 'sequence' | 'state'> | undefined;
  /** Those that are still in the stream, the oldest first. */
  events: readonly WeighedEvent[];
  /** Events of open dead letters: sequences in CRM_EVENTS. */
  deadSequences: readonly number[];
  /** Up to where the plugin has settled CRM_EVENTS. */
  settledUpTo: number;
  isParked: boolean;
  /** Something was sent to this plugin alone, and is not settled. */
  isSentDirectly: boolean;
  /** Its sink or a receipt shows that the newest event that it is told was done. */
  isDone: boolean;
  /** The last report, made when all of it was settled, held it as equal. */
  wasEqual: boolean;
}

/** What is known of the record on which the ledger and the plugin differ. */
export function weighPlugin(mismatch: Mismatch, evidence: PluginEvidence): RecordFacts {
  const { entry, events, deadSequences, isParked, isDone, wasEqual } = evidence;
  const held = findHeld(mismatch, evidence);
  // What it lacks lies behind what it holds.
  const lacked = events.filter(({ sequence }) => sequence > held.sequence);
  return {
    ledger: describeLedger(entry),
    isDead: deadSequences.some((sequence) => sequence > held.sequence),
    isParked,
    isInFlight: isInFlight(mismatch, evidence),
    // Of what the stream has forgotten nothing is known.
    isHeard: lacked.length === 0 || lacked.some(({ isTold }) => isTold),
    wasApplied: isDone || wasEqual,
    isOlder: held.isOlder,
  };
}

function describeLedger(entry: PluginEvidence['entry']): RecordFacts['ledger'] {
  if (!entry) return 'unknown';
  if (entry.version === 0) return 'untold';
  return entry.state === 'present' ? 'present' : 'gone';
}

/** The newest event whose state the plugin can still hold, by what was found. */
function findHeld({ kind, found }: Mismatch, { events }: PluginEvidence): { sequence: number; isOlder: boolean } {
  const last = kind === 'extra' ? events.findLast(({ isEnd }) => !isEnd) : findFound(kind, found, events);
  const isOlder = kind === 'edited' && last !== undefined && last !== events.at(-1);
  // Of one that was edited nobody knows what it was before.
  const isUnknown = kind === 'edited' && !isOlder;
  return { sequence: isUnknown ? 0 : (last?.sequence ?? 0), isOlder };
}

function findFound(
  kind: Mismatch['kind'],
  found: string | undefined,
  events: readonly WeighedEvent[],
): WeighedEvent | undefined {
  if (kind === 'missing') return events.findLast(({ isEnd }) => isEnd);
  if (found === undefined) return undefined;
  const marked = events.findLast(({ mark }) => mark === found);
  const version = /^\d+$/.test(found) ? Number(found) : undefined;
  return marked ?? (version === undefined ? undefined : events.findLast((event) => event.version <= version));
}

function isInFlight({ sequence, kind }: Mismatch, { entry, settledUpTo, isSentDirectly }: PluginEvidence): boolean {
  if (isSentDirectly) return true;
  const newest = entry?.sequence ?? 0;
  // Told anew since it was compared.
  if (sequence !== undefined && newest > sequence) return true;
  if (newest > settledUpTo) return true;
  return kind === 'extra' ? entry?.state === 'present' : kind === 'missing' && entry?.state !== 'present';
}
