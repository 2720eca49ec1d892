import {
  ensureDirectDurable,
  readPartition,
  redrive,
  type ConsumerDependencies,
  type RedriveRequest,
  type RedriveResult,
} from '@crm-mesh/delivery';
import { choosePolicy } from '@crm-mesh/plugin-consumer';

/** Dead letters of a plugin that does not run: they wait for it in its durable of CRM_DIRECT. */
export async function redriveForLater(
  request: RedriveRequest,
  { nats, now = Date.now }: Pick<ConsumerDependencies, 'nats' | 'now'>,
): Promise<RedriveResult> {
  const { consumer: name } = request;
  const { ackWaitMs, maxAckPending } = choosePolicy();
  const metadata = { owner: 'crm-mesh', plugin: name };
  // Those of partitions are made together, before the first of them runs.
  const isThere = (await nats.listDurables('CRM_DIRECT')).some((durable) => readPartition(durable.name, name));
  if (!isThere)
    await ensureDirectDurable(nats, {
      name,
      description: `crm-mesh plugin ${name}`,
      ackWaitMs,
      maxAckPending,
      metadata,
    });
  return redrive(nats, request, now());
}
