import type { Whereabouts, WhereaboutsQuestion } from '@crm-mesh/control';
import { listParkedAmong, listReceiptsAmong } from '@crm-mesh/delivery';
import type { Store } from '@crm-mesh/store';
import type { PluginSlot } from '../plugins/plugin-slot.js';

/** Answers also for a plugin that is not here any more: its rows are. */
export async function findWhereabouts(
  { consumer, records }: WhereaboutsQuestion,
  { store, slot }: { store: Store; slot: PluginSlot | undefined },
): Promise<Whereabouts> {
  const names = records.map(({ record }) => record);
  const eventIds = records.flatMap(({ eventId }) => eventId ?? []);
  const delivery = slot?.deliveryFacts;
  return {
    ...(delivery ? { delivery } : {}),
    parked: await listParkedAmong(store, consumer, new Set(names)),
    receipts: await listReceiptsAmong(store, consumer, names),
    done: (await slot?.listDone(eventIds)) ?? [],
  };
}
