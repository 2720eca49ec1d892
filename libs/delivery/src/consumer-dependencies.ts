import type { Nats } from '@crm-mesh/jetstream';
import type { Store } from '@crm-mesh/store';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import type { BarrierDecider } from './decide-barrier.js';
import type { Quarantine } from './quarantine.js';
import type { SettledNotice } from './settled-notice.js';

export interface ConsumerDependencies {
  nats: Nats;
  store: Store;
  log: Logger;
  metrics: Metrics;
  /** How long inboxes and receipts are kept, in milliseconds. Default 7 days. */
  retentionMs?: number;
  onSettled?: (notice: SettledNotice) => void;
  now?: () => number;
  /** For lanes that wait. Only tests give another, together with `now`; default `setTimeout`. */
  setTimer?: (callback: () => void, delayMs: number) => NodeJS.Timeout;
  /** Shared by the consumers of one process; default: one of its own. */
  quarantine?: Quarantine;
  /** Only tests give another. */
  decideBarrier?: BarrierDecider;
}
