import type { TraceRow } from '../store/trace-rows.js';

/**
 * What a consumer did with one message. `done`: its inbox says so. `settled`: it lies behind its position. `waiting`: it was
 * not given it yet. `in-hand`: it was, and has not ended. `closed`: a dead letter that was dropped without a redrive.
 * `superseded`: it was not run again, for a newer one was. `not-its`: it does not listen to it. `skipped`: it wants nothing of
 * that origin. `before`: the consumer began behind it.
 */
export type Verdict =
  | 'done'
  | 'settled'
  | 'waiting'
  | 'in-hand'
  | 'retrying'
  | 'parked'
  | 'dead'
  | 'closed'
  | 'superseded'
  | 'not-its'
  | 'skipped'
  | 'before';

/** How far a consumer is in a stream: of all its partitions the least. */
export interface Position {
  floor: number;
  delivered: number;
  /** What lies before was never meant for it. */
  start: number;
  startMs: number;
}

/** What is known of a message, as far as the verdict needs it. */
export interface ItemView {
  sequence: number;
  storedAtMs: number;
  wanted: boolean;
  skipped: boolean;
  /** A dead letter of it is open. */
  isDead: boolean;
  /** What was done last to its dead letter. */
  lastDeed?: 'redrive' | 'drop' | 'superseded' | undefined;
  /** The verdict on the newest copy of it that was sent to this consumer. */
  copy?: Verdict | undefined;
  row?: TraceRow | undefined;
  /** Undefined: the consumer has no durable. */
  position?: Position | undefined;
}

export function judgeItem(view: ItemView): Verdict {
  const { row, position, sequence, storedAtMs } = view;
  if (view.isDead) return 'dead';
  if (view.lastDeed === 'drop') return 'closed';
  if (view.lastDeed === 'superseded') return 'superseded';
  if (view.copy) return view.copy;
  if (row?.lane !== undefined) return 'parked';
  // What is passed over for its origin goes into the inbox like everything that a handler has ended.
  if (view.skipped && row?.attempts === undefined) return 'skipped';
  if (row?.doneAtMs !== undefined) return 'done';
  if (row?.attempts !== undefined) return 'retrying';
  // After what is known of it: a plugin may have listened to it once.
  if (!view.wanted) return 'not-its';
  if (!position) return 'waiting';
  if (sequence < position.start || storedAtMs < position.startMs) return 'before';
  if (sequence <= position.floor) return 'settled';
  return sequence <= position.delivered ? 'in-hand' : 'waiting';
}

/**
 * Whether a consumer has all that it wants of a record, as far as the mesh knows. `agrees`: the newest is settled, nothing is
 * parked or dead. `nothing-for-it`: no event of the record is one that it wants and was given.
 */
export type Standing = 'agrees' | 'behind' | 'parked' | 'dead' | 'closed' | 'nothing-for-it';

const OPEN: readonly Verdict[] = ['waiting', 'in-hand', 'retrying'];
const NEVER_ITS: readonly Verdict[] = ['not-its', 'skipped', 'before'];

/** `verdicts`: of all that it was sent, the oldest first. */
export function judgeStanding(verdicts: readonly Verdict[]): Standing {
  const its = verdicts.filter((verdict) => !NEVER_ITS.includes(verdict));
  if (its.length === 0) return 'nothing-for-it';
  if (its.includes('dead')) return 'dead';
  if (its.includes('parked')) return 'parked';
  if (its.some((verdict) => OPEN.includes(verdict))) return 'behind';
  return its.at(-1) === 'closed' ? 'closed' : 'agrees';
}
