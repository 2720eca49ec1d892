import { setTimeout as delay } from 'node:timers/promises';
import { MeshError } from '@crm-mesh/contract';
import type { RunReport, RunStatus } from '@crm-mesh/control';
import { requestControl, type Nats } from '@crm-mesh/jetstream';

export interface ReconcileOrder {
  /** `acme/hubspot`, or the name of a plugin. */
  pair: string;
  entities?: readonly string[];
  record?: string;
  from?: string;
  to?: string;
  content?: boolean;
  repair?: boolean;
  yes?: boolean;
  /** The run whose question the yes is about. */
  answers?: string;
  budget?: { maxRepairs?: number; maxCalls?: number; maxPercent?: number };
  by: string;
}

/** Which run; absent: the newest. */
export interface RunChoice {
  run?: string;
  pair?: string;
  examples?: number;
}

const TIMEOUT_MS = 30_000;
const LOOK_MS = 500;

const ask = <Answer>(nats: Nats, verb: string, payload: object): Promise<Answer> =>
  requestControl<Answer>(nats, 'publisher', verb, payload, { timeoutMs: TIMEOUT_MS });

/** Writes down what is to be compared; whichever publisher leads does it. */
export function beginReconcile(nats: Nats, order: ReconcileOrder): Promise<RunStatus> {
  return ask(nats, 'reconcile', order);
}

/** Null: none runs. */
export function cancelReconcile(nats: Nats, pair: string): Promise<RunStatus | null> {
  return ask(nats, 'reconcile-cancel', { pair });
}

export function askReport(nats: Nats, choice: RunChoice): Promise<RunReport> {
  return ask(nats, 'reconcile-report', choice);
}

export function listRuns(nats: Nats, pair: string | undefined): Promise<RunStatus[]> {
  return ask(nats, 'reconcile-list', pair === undefined ? {} : { pair });
}

/** All that can be compared. */
export function listPairs(nats: Nats): Promise<string[]> {
  return ask(nats, 'reconcile-pairs', {});
}

/** Resolves when it has ended. A publisher that is away meanwhile is waited for: it goes on when it is back. */
export async function followReconcile(
  nats: Nats,
  run: string,
  onProgress: (status: RunStatus | undefined) => void,
): Promise<RunStatus> {
  for (;;) {
    const status = await ask<RunStatus>(nats, 'reconcile-status', { run }).catch((error: unknown) => {
      if (error instanceof MeshError && error.code === 'MESH_NATS_NO_ANSWER') return undefined;
      throw error;
    });
    if (status && status.how !== 'running') return status;
    onProgress(status);
    await delay(LOOK_MS);
  }
}
