import type { PollPage } from '@crm-mesh/sdk';
import type { PollRules } from './poll-rules.js';

/** A part of time that is being asked for; its edges stand still until it is done. Epoch milliseconds. */
export interface Window {
  fromMs: number;
  toMs: number;
  /** Where the next page begins. */
  cursor?: string;
  /** As far as the CRM covers it, by the pages so far; default: whole. */
  coveredToMs?: number;
  /** There was more time to ask for than the CRM answers at once. */
  isCut?: true;
}

/** How far the polling of one entity is; kept in the store. */
export interface PollState {
  /** All that changed before is told. Absent: nothing is. */
  coveredMs?: number;
  open?: Window;
  /** When the last window that the schedule wanted was begun. */
  begunMs?: number;
  /** When the last page was safe. */
  polledMs?: number;
  /** More time waits to be asked for: the next window begins at once. */
  isBehind?: true;
  /** Of a repair: it ends when all before this is told. */
  untilMs?: number;
  /** What was deleted in this time may be missing: the CRM had forgotten it when we came back. */
  mayMiss?: { fromMs: number; toMs: number };
}

export type WindowRules = Pick<PollRules, 'lookBackMs' | 'lagMs' | 'overlapMs' | 'longestWindowMs' | 'retentionMs'>;

/** The next window; undefined while there is no time that could be asked for. */
export function beginWindow(state: PollState, rules: WindowRules, nowMs: number): PollState | undefined {
  const { lookBackMs, lagMs, longestWindowMs, retentionMs } = rules;
  const { coveredMs = nowMs - lagMs - Math.max(1, lookBackMs) } = state;
  const latestMs = nowMs - lagMs;
  if (latestMs <= coveredMs) return undefined;
  // With an overlap as long as a window there would be no way on.
  const overlapMs = state.coveredMs === undefined ? 0 : Math.min(rules.overlapMs, longestWindowMs / 2);
  const fromMs = Math.floor(coveredMs - overlapMs);
  const toMs = Math.min(latestMs, fromMs + longestWindowMs);
  const forgottenMs = nowMs - retentionMs;
  const wasAwayTooLong = state.coveredMs !== undefined && coveredMs < forgottenMs && !state.isBehind;
  return {
    ...state,
    begunMs: state.isBehind ? (state.begunMs ?? nowMs) : nowMs,
    open: { fromMs, toMs, ...(toMs < latestMs ? { isCut: true } : {}) },
    ...(wasAwayTooLong ? { mayMiss: { fromMs: coveredMs, toMs: forgottenMs } } : {}),
  };
}

/** What is known once all of a page is safe. */
export function takePage(state: PollState, page: Pick<PollPage, 'cursor' | 'coveredToMs'>, nowMs: number): PollState {
  const { open, isBehind: _, ...rest } = state;
  if (!open) throw new TypeError('no window is open');
  const coveredToMs = Math.min(open.coveredToMs ?? open.toMs, page.coveredToMs ?? open.toMs);
  if (page.cursor !== undefined) {
    const isShort = coveredToMs < open.toMs;
    return { ...state, open: { ...open, cursor: page.cursor, ...(isShort ? { coveredToMs } : {}) }, polledMs: nowMs };
  }
  const coveredMs = Math.max(coveredToMs, state.coveredMs ?? open.fromMs);
  // Where the CRM itself is behind, asking again at once would only give the same.
  const isBehind = open.isCut && coveredToMs === open.toMs;
  return { ...rest, coveredMs, polledMs: nowMs, ...(isBehind ? { isBehind } : {}) };
}

/** When the next page is to be asked for: at once, or when the schedule says so. */
export function isDue(state: PollState, dueMs: number, nowMs: number): boolean {
  return state.open !== undefined || state.isBehind === true || nowMs >= dueMs;
}
