import type { ReplayEntry, ReplayProgress, ReplayRequest, ReplayStep } from '@crm-mesh/delivery';
import { requestControl, type Nats } from '@crm-mesh/jetstream';
import { Pace } from './pace.js';
import { chooseStepSize } from './plan-redrive.js';

const TIMEOUT_MS = 30_000;

export interface ReplayReport {
  consumer: string;
  run: string;
  sent: number;
  /** The host's inbox knew them. */
  skipped: number;
  /** The last event that was looked at. */
  position: number;
}

export interface ReplayOrder {
  perSecond: number;
  /** After each request. */
  onProgress(report: ReplayReport, end: number): void;
}

/** Writes down what is to be replayed; nothing is sent yet. */
export function beginReplay(nats: Nats, request: ReplayRequest): Promise<ReplayEntry> {
  return requestControl<ReplayEntry>(nats, 'host', 'replay', request, { timeoutMs: TIMEOUT_MS });
}

/** Has all that is left of a replay sent, step by step; after an error it can be called again. */
export async function sendReplay(
  nats: Nats,
  { consumer, run }: Pick<ReplayEntry, 'consumer' | 'run'>,
  { perSecond, onProgress }: ReplayOrder,
): Promise<ReplayReport> {
  const report: ReplayReport = { consumer, run, sent: 0, skipped: 0, position: 0 };
  const pace = new Pace(perSecond);
  const limit = chooseStepSize(perSecond);
  let after: number | undefined;
  for (;;) {
    const step: ReplayStep = { ...{ consumer, run, limit }, soFar: { sent: report.sent, skipped: report.skipped } };
    const request = after === undefined ? step : { ...step, after };
    const answer = await requestControl<ReplayProgress>(nats, 'host', 'replay-step', request, {
      timeoutMs: TIMEOUT_MS,
    });
    report.sent += answer.sent;
    report.skipped += answer.skipped;
    after = report.position = answer.position;
    onProgress(report, answer.end);
    if (answer.isOver) return report;
    // What was skipped costs nobody anything.
    await pace.spend(answer.sent);
  }
}
