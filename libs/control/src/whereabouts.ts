import type { ReceiptPlace } from '@crm-mesh/delivery';

/** Which records of a plugin a reconciliation wonders about. */
export interface WhereaboutsQuestion {
  consumer: string;
  records: readonly { record: string; eventId?: string }[];
}

/** `mesh.ctl.host.whereabouts`: where they are, as this host knows it. */
export interface Whereabouts {
  /** Absent where the plugin does not run here. */
  delivery?: PluginDelivery;
  /** Records that wait in a parked or held lane. */
  parked: string[];
  receipts: ReceiptPlace[];
  /** Ids of events that are done by the inbox of the plugin's own sink. */
  done: string[];
}

/** How a plugin is delivered to. */
export interface PluginDelivery {
  skipOrigins: readonly string[];
  startsWithSnapshot: boolean;
}
