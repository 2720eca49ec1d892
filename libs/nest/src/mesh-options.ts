import type { NatsOptions } from '@crm-mesh/jetstream';
import type { Logger, Metrics } from '@crm-mesh/telemetry';

/** How a Nest application takes part in the mesh. */
export interface MeshOptions {
  /** Names the app among all others, in lower-case letters, digits and dashes: `billing`. Its NATS service is `mesh-<app>`. */
  app: string;
  /** A semantic version, shown by `nats service ls` and kept with dead letters. Default 0.0.0. */
  version?: string;
  /** Where NATS is, and as whom. Default: `nats://127.0.0.1:4222`. */
  nats?: Omit<NatsOptions, 'name' | 'log' | 'signal'>;
  /**
   * The app's own database, for the inbox, attempts and what waits: `sqlite:<file>` or `postgres://user:password@host/database`.
   * Needed with `@EventPattern`.
   */
  store?: string;
  /** How long running handlers may take to end at a stop, in milliseconds. Default 10,000. */
  graceMs?: number;
  /** Default: JSON lines on stdout, level from LOG_LEVEL. */
  log?: Logger;
  /** Default: a registry of its own, see `MeshStrategy.metrics`. */
  metrics?: Metrics;
}
