import type { Attempt, ErrorInfo, Outcome } from './outcome.js';
import { keyOf, type ItemRef } from './store/item-rows.js';
import type { Life, Mark } from './store/life-records.js';

/**
 * Alone at so many unclean ends of the process, a message is taken for their cause. Two were not enough: of processes that
 * are killed from outside at random, one in some hundred ended twice while the same innocent ran alone.
 */
const CONDEMNED_AFTER_KILLS = 3;
/** So few suspects run one by one; of more, some run together, so that a long backlog is soon through. */
const ONE_BY_ONE = 16;

export const KILLED: ErrorInfo = {
  name: 'KilledItsProcess',
  message: `the process ended without warning ${CONDEMNED_AFTER_KILLS} times while this message alone was being handled`,
};

/** The name of the error of a message that was alone when its worker ended; its attempts are counted by it. */
const KILLED_ITS_WORKER = 'KilledItsWorker';

/**
 * What the death of a worker means for a message that was in hand. `history`: its failed attempts. Only who was alone is
 * blamed: that is an attempt, and the last one as soon as there were enough such deaths.
 */
export function weighDeath(outcome: Outcome & { kind: 'killed' }, history: readonly Attempt[]): Outcome {
  if (outcome.blame !== 'alone') return outcome;
  const error = { ...outcome.error, name: KILLED_ITS_WORKER };
  const kills = history.filter((attempt) => attempt.error.name === KILLED_ITS_WORKER).length + 1;
  if (kills >= CONDEMNED_AFTER_KILLS) return { kind: 'permanent', error };
  // The next worker has its own backoff.
  return { kind: 'retry-later', delayMs: 1, error };
}

/** Which messages may have ended the process, as known at a start. */
export interface Suspicion {
  /** `none`: the last end was clean, or another consumer's doing. `all`: everything that was in hand. `marked`: those alone. */
  whom: 'none' | 'all' | 'marked';
  /** By key. */
  kills: Map<string, number>;
}

/** What the marks of before tell; `consumer` is who asks. */
export function decideSuspicion(last: Life | undefined, marks: readonly Mark[], consumer: string): Suspicion {
  if (!last || last.endedCleanly) return { whom: 'none', kills: new Map() };
  const recent = marks.filter(({ runId }) => runId === last.runId);
  // Who alone was running did it. Of several nobody knows which.
  const wasAlone = recent.length === 1;
  const own = marks.filter((mark) => mark.consumer === consumer);
  const kills = new Map(
    own.map((mark) => [keyOf(mark.ref), mark.kills + (wasAlone && mark.runId === last.runId ? 1 : 0)]),
  );
  if (recent.length === 0) return { whom: 'all', kills };
  return { whom: recent.some((mark) => mark.consumer === consumer) ? 'marked' : 'none', kills };
}

export function isCondemned({ kills }: Suspicion, ref: ItemRef): boolean {
  return (kills.get(keyOf(ref)) ?? 0) >= CONDEMNED_AFTER_KILLS;
}

/** How many of the suspects run together. Halving would need a crash for each halving; the root needs two. */
export function chooseBatchSize(suspects: number): number {
  return suspects <= ONE_BY_ONE ? 1 : Math.ceil(Math.sqrt(suspects));
}
