import type { Nats } from '@crm-mesh/jetstream';
import { readPartition } from '@crm-mesh/delivery';

const STREAM = 'CRM_EVENTS';

/**
 * Sequence of CRM_EVENTS up to which a consumer has settled everything, in all its partitions. What is parked or buried counts
 * as settled. Where there is no durable of that name, nothing is on its way.
 */
export async function readSettledPosition(nats: Nats, consumer: string): Promise<number> {
  // First: a durable that has nothing left afterwards has settled all up to here.
  const { lastSequence } = await nats.streamState(STREAM);
  const durables = (await nats.listDurables(STREAM)).filter(({ name }) => readPartition(name, consumer));
  const floors = durables.map(({ pending, ackPending, ackFloorSequence }) =>
    pending + ackPending === 0 ? lastSequence : ackFloorSequence,
  );
  return Math.min(lastSequence, ...floors);
}
