import type { StoredEntry } from '../ledger-entry.js';
import type { LogPart } from './rebuild-state.js';

/**
 * How the ledger's entry of a record and the one that the log comes to stand to each other. `later`: the log is not read
 * up to it yet. `unlogged`: its events are no longer in the log.
 */
export interface Carry {
  verdict: 'later' | 'same' | 'different' | 'unlogged';
  /** What the new ledger is to have instead of what it has. */
  entry?: StoredEntry;
  /** It takes the place of one that is newer by its sequence or times, but older by its version. */
  isForced?: true;
}

/**
 * What the log says counts; what it cannot know is carried over: records whose events have aged out, ends of records that
 * were never told, and times of statements that told nothing new. No version is ever set back: it was told.
 */
export function decideCarry(
  kept: StoredEntry,
  rebuilt: StoredEntry | undefined,
  log: Pick<LogPart, 'from' | 'position'>,
): Carry {
  if (kept.sequence > log.position) return { verdict: 'later' };
  if (!rebuilt) return { verdict: kept.version > 0 ? 'unlogged' : 'same', entry: kept };
  if (rebuilt.version < kept.version) return { verdict: 'unlogged', entry: kept, isForced: true };
  const entry = addSeen(rebuilt, kept);
  if (!isSame(kept, rebuilt)) return { verdict: 'different', entry };
  return { verdict: isAged(kept, log) ? 'unlogged' : 'same', ...(entry !== rebuilt && { entry }) };
}

/** Also of one that was carried over before: then it is in both. */
function isAged({ version, sequence }: StoredEntry, { from }: Pick<LogPart, 'from'>): boolean {
  return version > 0 && sequence < from;
}

function isSame(kept: StoredEntry, rebuilt: StoredEntry): boolean {
  return (['version', 'state', 'hash', 'sequence', 'dataText'] as const).every((part) => kept[part] === rebuilt[part]);
}

function addSeen(rebuilt: StoredEntry, kept: StoredEntry): StoredEntry {
  const aliases = rebuilt.state === 'erased' ? [] : [...new Set([...rebuilt.aliases, ...kept.aliases])].sort();
  const seenAtMs = Math.max(rebuilt.seenAtMs, kept.seenAtMs);
  const contentAtMs = Math.max(rebuilt.contentAtMs, kept.contentAtMs);
  // Of the same events: what the ledger has noted beside them is the more.
  const isSameLife = kept.sequence === rebuilt.sequence && kept.state === rebuilt.state;
  const fieldTimes = isSameLife ? (kept.fieldTimes ?? rebuilt.fieldTimes) : rebuilt.fieldTimes;
  const mergedInto = isSameLife ? (kept.mergedInto ?? rebuilt.mergedInto) : rebuilt.mergedInto;
  const { fieldTimes: _times, mergedInto: _into, ...told } = rebuilt;
  const entry = {
    ...told,
    ...{ aliases, seenAtMs, contentAtMs },
    ...(fieldTimes && { fieldTimes }),
    ...(mergedInto !== undefined && { mergedInto }),
  };
  return JSON.stringify(inOrder(entry)) === JSON.stringify(inOrder(rebuilt)) ? rebuilt : entry;
}

/** What carrying over can change. */
function inOrder({ aliases, seenAtMs, contentAtMs, fieldTimes, mergedInto }: StoredEntry): unknown[] {
  return [aliases, seenAtMs, contentAtMs, fieldTimes, mergedInto];
}
