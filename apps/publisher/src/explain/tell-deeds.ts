import type { ToldCopy, ToldDeed, ToldLetter, ToldPlace } from '@crm-mesh/control';
import {
  toToldAttempts,
  toToldError,
  type AuditEntry,
  type RecordDeed,
  type RecordTrail,
  type SentCopy,
} from '@crm-mesh/delivery';

const KINDS = { repair: 'repair', snapshot: 'snapshot' } as const;

type OpenLetter = RecordTrail['letters'][number];

export function tellLetter({ sequence, letter }: OpenLetter, erasedAtMs = Number.NEGATIVE_INFINITY): ToldLetter {
  const { consumer, version, buriedAt: at, error, attempts, attemptCount, original } = letter;
  const isErased = Date.parse(original.storedAt) < erasedAtMs;
  return {
    ...{ consumer, sequence, at, version, attempts: attemptCount, original: placeOf(original) },
    error: toToldError(error, isErased),
    failures: toToldAttempts(attempts, isErased),
  };
}

export function tellCopy({ consumer, sequence, storedAtMs, mark, origin, version }: SentCopy): ToldCopy {
  const { by, run, patch, again } = mark ?? {};
  const kind = mark ? (run === undefined ? 'redrive' : 'replay') : (KINDS[origin as keyof typeof KINDS] ?? 'sent');
  return {
    ...{ consumer, sequence, at: new Date(storedAtMs).toISOString(), kind },
    ...dropAbsent({ by, run, patch, again, version, original: mark && placeOf(mark) }),
  };
}

export function tellDeed(deed: RecordDeed, erasedAtMs?: number): ToldDeed {
  const { did, consumer, at, by } = deed;
  if (did === 'repair') return { did, consumer, at, by, run: deed.run, label: deed.label };
  const { deadLetter, original, newer, patch, again } = deed;
  const place = deadLetter?.original ?? original;
  const letter = deadLetter && tellClosed(deadLetter, erasedAtMs);
  return { did, consumer, at, by, ...dropAbsent({ original: place && placeOf(place), letter, newer, patch, again }) };
}

function tellClosed(letter: NonNullable<AuditEntry['deadLetter']>, erasedAtMs?: number): ToldDeed['letter'] {
  const { sequence, at, error, failures } = tellLetter({ sequence: letter.sequence, letter }, erasedAtMs);
  return { sequence, at, error, failures };
}

function placeOf({ stream, sequence }: ToldPlace): ToldPlace {
  return { stream, sequence };
}

/** As JSON would. */
function dropAbsent<T extends object>(part: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as never;
}
