import type { Nats } from '@crm-mesh/jetstream';
import type { Ledger } from '@crm-mesh/ledger';
import type { Store } from '@crm-mesh/store';
import type { Logger } from '@crm-mesh/telemetry';
import type { Connections } from '../../connections/connections.js';
import type { MissedWebhooks } from '../../polling/missed-webhooks.js';

export interface LegDependencies {
  nats: Nats;
  store: Store;
  ledger: Ledger;
  connections: Connections;
  webhooks: Pick<MissedWebhooks, 'noteFound'>;
  log: Logger;
  /** Aborts when the publisher stops. */
  signal: AbortSignal;
  now(): number;
}
