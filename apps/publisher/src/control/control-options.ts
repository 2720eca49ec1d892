import type { Nats } from '@crm-mesh/jetstream';
import type { Ledger } from '@crm-mesh/ledger';
import type { Store } from '@crm-mesh/store';
import type { Connections } from '../connections/connections.js';
import type { FindDifferences } from '../explain/explain-record.js';
import type { Normaliser } from '../normaliser/normaliser.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Pollers } from '../polling/pollers.js';
import type { Rebuilder } from '../rebuild/rebuilder.js';
import type { Reconciler } from '../reconciliation/run/reconciler.js';

export const CONTROL_OPTIONS = Symbol('control options');

/** What the control plane works with. */
export interface ControlOptions {
  nats: Nats;
  store: Store;
  connections: Connections;
  normaliser: Normaliser;
  ledger: Ledger;
  pollers: Pollers;
  rebuilder: Rebuilder;
  reconciler: Reconciler;
  /** What can be reconciled. */
  listPairs(): Promise<string[]>;
  outbox: Outbox;
  version: string;
  url(): string;
  now(): number;
  /** What the last reconciliation said of a record; default: nothing. */
  findDifferences?: FindDifferences;
}
