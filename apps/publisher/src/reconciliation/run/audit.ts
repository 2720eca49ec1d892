import { auditSubject } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import type { RunEnd, RunState } from './run-state.js';

/** Under `audit.reconcile.<pair>`: a run that was to repair. */
export interface ReconcileAudit {
  id: string;
  at: string;
  by: string;
  did: 'reconcile';
  phase: 'begun' | RunEnd['how'];
  run: string;
  leg: string;
  pair: string;
  repaired: number;
}

/** Resolves when CRM_AUDIT has it. Runs that only compare have done nothing. */
export async function publishReconcileAudit(nats: Nats, state: RunState, nowMs: number): Promise<void> {
  if (!state.repair) return;
  const { run, by, pair, repaired, ended } = state;
  const phase = ended?.how ?? 'begun';
  // One that asked and went on ends again.
  const id = `reconcile:${run}:${phase}:${ended?.atMs ?? state.begunMs}`;
  const at = new Date(ended?.atMs ?? nowMs).toISOString();
  const entry: ReconcileAudit = { id, at, by, did: 'reconcile', phase, run, leg: pair.leg, pair: pair.name, repaired };
  await nats.publish({
    subject: auditSubject('reconcile', pair.name),
    payload: JSON.stringify(entry),
    messageId: `audit:${id}`,
    headers: { 'content-type': 'application/json' },
  });
}
