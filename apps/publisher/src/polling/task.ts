import type { TaskHealth } from '@crm-mesh/control';
import type { Log } from '@crm-mesh/sdk';
import { pauseFor } from '../pause-for.js';
import { CursorMoved, type CursorKey } from './cursors.js';
import { decideWaitMs } from './decide-wait.js';

/** What reads from a CRM, step by step. A failure of one never concerns another. */
export interface Task {
  readonly key: CursorKey;
  readonly health: TaskHealth;
  /** Resolves to when the next step is due (0: at once); undefined: it is over. */
  step(signal: AbortSignal): Promise<number | undefined>;
  /** A step has failed, or may have been another's: what is known must be read anew. */
  forget(): void;
}

export interface TaskClock {
  log: Log;
  now(): number;
  /** 0 to 1. */
  random(): number;
}

/** A clock may be set, and a machine may sleep: it is looked at so often. */
const LONGEST_NAP_MS = 500;

/** Does step after step until the task is over or the signal aborts; after a failure it waits as it was told, or backs off. */
export async function runTask(task: Task, clock: TaskClock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const dueMs = await takeStep(task, clock, signal);
    if (dueMs === undefined) return;
    if (dueMs > clock.now()) task.health.nextAt = new Date(dueMs).toISOString();
    while (!signal.aborted && clock.now() < dueMs)
      await pauseFor(Math.min(dueMs - clock.now(), LONGEST_NAP_MS), signal);
    delete task.health.nextAt;
  }
}

async function takeStep(task: Task, clock: TaskClock, signal: AbortSignal): Promise<number | undefined> {
  const { health } = task;
  try {
    const dueMs = await task.step(signal);
    health.state = 'waiting';
    return dueMs;
  } catch (error) {
    task.forget();
    if (signal.aborted) return undefined;
    // Somebody cancelled or widened what we were at.
    if (error instanceof CursorMoved) return 0;
    return noteFailure(task, error, clock);
  }
}

function noteFailure({ key, health }: Task, error: unknown, { log, now, random }: TaskClock): number {
  health.failures += 1;
  health.state = 'failing';
  health.error = { at: new Date(now()).toISOString(), message: error instanceof Error ? error.message : String(error) };
  const waitMs = decideWaitMs(error, health.failures, random());
  const { work, entity } = key;
  log.warn(
    { work, entity, failures: health.failures, waitMs, err: error },
    'reading from the CRM failed; trying again',
  );
  return now() + waitMs;
}

/** It goes on as it should. */
export function noteSuccess(health: TaskHealth): void {
  health.failures = 0;
}

export function noteHeldBack(health: TaskHealth, why: string | undefined): void {
  health.state = why === undefined ? 'reading' : 'held-back';
  if (why === undefined) delete health.heldBack;
  else health.heldBack = why;
}
