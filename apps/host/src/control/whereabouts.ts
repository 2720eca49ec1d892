import { listParkedAmong, listReceiptsAmong, type ReceiptPlace } from '@crm-mesh/delivery';
import type { Store } from '@crm-mesh/store';
import type { PluginSlot } from '../plugins/plugin-slot.js';

/** Which records of a plugin a reconciliation wonders about. */
export interface WhereaboutsQuestion {
  consumer: string;
  records: readonly { record: string; eventId?: string }[];
}

/** Where they are, as this host knows it. */
export interface Whereabouts {
  /** How the plugin is delivered to; absent where it does not run here. */
  delivery?: { skipOrigins: readonly string[]; startsWithSnapshot: boolean };
  /** Records that wait in a parked or held lane. */
  parked: string[];
  receipts: ReceiptPlace[];
  /** Ids of events that are done by the inbox of the plugin's own sink. */
  done: string[];
}

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
