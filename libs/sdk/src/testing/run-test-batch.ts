import type { EventPattern, MeshEvent } from '@crm-mesh/contract';
import type { PartlyFailed, Verdict } from '../running/index.js';

/**
 * `waiting`: the plugin found its downstream away, or was interrupted; the event would come again. `dropped`: failed with
 * `ack: 'none'`.
 */
export type TestSettlement = 'acked' | 'buried' | 'dropped' | 'waiting';

/** What became of one event that ran in batches. */
export interface TestBatchItem<T extends EventPattern = EventPattern> {
  /** As it was sent. */
  event: MeshEvent<T>;
  /** What became of it at last. */
  settled: TestSettlement;
  /** What the last run of it threw, or named. */
  error?: unknown;
  /** Runs that counted against it. */
  attempts: number;
}

interface Pending<T extends EventPattern> extends TestBatchItem<T> {
  isSettled: boolean;
}

export interface BatchTrial<T extends EventPattern> {
  maxAttempts: number;
  run(events: readonly MeshEvent<T>[], attempt: number): Promise<Verdict | PartlyFailed>;
}

/** With `ack: 'none'`. */
export async function runOnceAtMost<T extends EventPattern>(
  events: readonly MeshEvent<T>[],
  { run }: Pick<BatchTrial<T>, 'run'>,
): Promise<TestBatchItem<T>[]> {
  const verdict = await run(events, 1);
  const verdicts = new Map(verdict.kind === 'partly' ? verdict.failed.map((one) => [one.index, one.verdict]) : []);
  return events.map((event, index) => {
    const own = verdict.kind === 'partly' ? (verdicts.get(index) ?? { kind: 'done' as const }) : verdict;
    const error = 'error' in own ? { error: own.error } : {};
    return { event, settled: own.kind === 'done' ? 'acked' : 'dropped', ...error, attempts: 1 };
  });
}

/** Runs the events as one batch, and what failed again, as the host would; without the waits. */
export async function runTestBatch<T extends EventPattern>(
  events: readonly MeshEvent<T>[],
  trial: BatchTrial<T>,
): Promise<TestBatchItem<T>[]> {
  const items = events.map((event): Pending<T> => ({ event, settled: 'waiting', attempts: 0, isSettled: false }));
  for (;;) {
    const pending = items.filter(({ isSettled }) => !isSettled);
    if (pending.length === 0) break;
    const verdict = await runOnce(pending, trial);
    if (verdict.kind === 'partly') takePart(pending, verdict, trial.maxAttempts);
    else if (pending.length > 1 && mayBuryOthers(verdict, pending, trial.maxAttempts)) await runAlone(pending, trial);
    else for (const item of pending) take(item, verdict, trial.maxAttempts);
  }
  return items.map(({ isSettled: _isSettled, ...item }) => item);
}

function runOnce<T extends EventPattern>(
  pending: readonly Pending<T>[],
  trial: BatchTrial<T>,
): Promise<Verdict | PartlyFailed> {
  const attempt = Math.max(...pending.map(({ attempts }) => attempts)) + 1;
  return trial.run(
    pending.map(({ event }) => event),
    attempt,
  );
}

/** One of them may have failed all the others. */
async function runAlone<T extends EventPattern>(pending: readonly Pending<T>[], trial: BatchTrial<T>): Promise<void> {
  for (const item of pending) {
    const verdict = await runOnce([item], trial);
    if (verdict.kind === 'partly') takePart([item], verdict, trial.maxAttempts);
    else take(item, verdict, trial.maxAttempts);
  }
}

function mayBuryOthers(verdict: Verdict, pending: readonly { attempts: number }[], maxAttempts: number): boolean {
  if (verdict.kind === 'permanent') return true;
  return isRepeated(verdict) && pending.some(({ attempts }) => attempts + 1 >= maxAttempts);
}

function takePart<T extends EventPattern>(
  pending: readonly Pending<T>[],
  { failed }: PartlyFailed,
  maxAttempts: number,
): void {
  const verdicts = new Map(failed.map(({ index, verdict }) => [index, verdict]));
  const waiting = new Set<string>();
  for (const [index, item] of pending.entries()) {
    const record = `${item.event.source}/${item.event.subject}`;
    // What is newer of a record runs again behind what failed of it.
    if (waiting.has(record)) continue;
    const verdict = verdicts.get(index) ?? { kind: 'done' };
    take(item, verdict, maxAttempts);
    if (!item.isSettled || item.settled === 'waiting') waiting.add(record);
  }
}

function take<T extends EventPattern>(item: Pending<T>, verdict: Verdict, maxAttempts: number): void {
  item.error = 'error' in verdict ? verdict.error : undefined;
  if (verdict.kind !== 'unavailable' && verdict.kind !== 'interrupted') item.attempts++;
  if (isRepeated(verdict) && item.attempts < maxAttempts) return;
  item.isSettled = true;
  if (verdict.kind === 'done') item.settled = 'acked';
  else if (verdict.kind !== 'unavailable' && verdict.kind !== 'interrupted') item.settled = 'buried';
}

/** The host runs it again after a wait. */
export function isRepeated({ kind }: Verdict): boolean {
  return kind === 'failed' || kind === 'timeout' || kind === 'retry-later';
}
