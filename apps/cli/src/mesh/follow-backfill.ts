import { setTimeout as delay } from 'node:timers/promises';
import { MeshError } from '@crm-mesh/contract';
import type { BackfillStatus } from '@crm-mesh/control';
import { requestControl, type Nats } from '@crm-mesh/jetstream';
import { askSources } from './source-status.js';

export interface BackfillOrder {
  tenant: string;
  connection: string;
  /** Absent: all that the source can load. */
  entities?: readonly string[];
  by: string;
}

const TIMEOUT_MS = 10_000;
const LOOK_MS = 1_000;

/** Writes down what is to be loaded; whichever publisher reads from the CRM does it. */
export function beginBackfill(nats: Nats, order: BackfillOrder): Promise<BackfillStatus> {
  return requestControl<BackfillStatus>(nats, 'publisher', 'backfill', order, { timeoutMs: TIMEOUT_MS });
}

/** Null: none runs. */
export function cancelBackfill(
  nats: Nats,
  connection: Pick<BackfillOrder, 'tenant' | 'connection'>,
): Promise<BackfillStatus | null> {
  return requestControl(nats, 'publisher', 'backfill-cancel', connection, { timeoutMs: TIMEOUT_MS });
}

/** Resolves when it has ended. A publisher that is away meanwhile is waited for: it goes on when it is back. */
export async function followBackfill(
  nats: Nats,
  begun: { order: BackfillOrder; run: string },
  onProgress: (status: BackfillStatus | undefined) => void,
): Promise<BackfillStatus> {
  const { tenant, connection } = begun.order;
  for (;;) {
    const sources = await askSources(nats).catch(() => undefined);
    const source = sources?.find((one) => one.tenant === tenant && one.name === connection);
    const status = source?.backfill;
    if (status && status.run !== begun.run)
      throw new MeshError('MESH_CONTROL_FAILED', 'This backfill has ended, and another has begun since.', {
        cure: 'CRM_AUDIT knows what it read; `mesh source status` shows the one that runs.',
      });
    if (status?.ended) return status;
    onProgress(status);
    await delay(LOOK_MS);
  }
}
