import { MeshError } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import type { Ledger } from '@crm-mesh/ledger';
import type { Store } from '@crm-mesh/store';
import type { Logger } from '@crm-mesh/telemetry';
import type { Connections } from '../../connections/connections.js';
import type { MissedWebhooks } from '../../polling/missed-webhooks.js';
import type { OpenLeg } from '../run/leg.js';

export interface LegDependencies {
  nats: Nats;
  store: Store;
  ledger: Ledger;
  connections: Connections;
  webhooks: Pick<MissedWebhooks, 'noteFound'>;
  log: Logger;
  now(): number;
}

/** The two sides of each pair. */
export function openLegs(_dependencies: LegDependencies): OpenLeg {
  return ({ name }) => {
    throw new MeshError('MESH_CONTROL_INVALID', `${name} cannot be compared.`);
  };
}
