import { MeshError } from '@crm-mesh/contract';
import type { RunReport, RunStatus } from '@crm-mesh/control';
import type { Nats } from '@crm-mesh/jetstream';
import { askReport, beginReconcile, followReconcile } from '../mesh/reconcile.js';
import { untilSettled } from './observe-mesh.js';
import type { Planted } from './plant-differences.js';

export interface Reconciled {
  planted: Planted;
  /** What was found, said and repaired. */
  repairing: readonly RunReport[];
  /** What is found afterwards. */
  after: readonly RunReport[];
}

export interface ReconcileMeshOptions {
  /** Of the sandbox CRM, `acme/hubspot`. */
  connection: string;
  settleTimeoutMs: number;
  onProgress(pair: string, status: RunStatus): void;
}

/**
 * Finds what was planted and repairs it, from the CRM to the table, then compares once more. What a repair of the CRM's side
 * tells goes all the way before the next side is looked at.
 */
export async function reconcileMesh(nats: Nats, planted: Planted, options: ReconcileMeshOptions): Promise<Reconciled> {
  const pairs = [options.connection, ...(planted.table ? ['contact-table'] : [])];
  const repairing: RunReport[] = [];
  for (const pair of pairs) {
    repairing.push(await run(nats, { pair, repair: true }, options));
    await untilSettled(nats, options.settleTimeoutMs);
  }
  const after = await Promise.all(pairs.map((pair) => run(nats, { pair, repair: false }, options)));
  return { planted, repairing, after };
}

async function run(
  nats: Nats,
  order: { pair: string; repair: boolean },
  { onProgress }: ReconcileMeshOptions,
): Promise<RunReport> {
  const begun = await beginReconcile(nats, { ...order, by: 'demo' });
  const ended = await followReconcile(nats, begun.run, (status) => {
    if (status) onProgress(order.pair, status);
  });
  if (ended.how === 'over') return askReport(nats, { run: ended.run });
  const what = `The reconciliation of ${order.pair} did not go to its end (${ended.how}): ${ended.why ?? 'no reason given'}.`;
  throw new MeshError('MESH_DEMO_FAILED', what);
}
