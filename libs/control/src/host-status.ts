import type { ConsumerStatus } from '@crm-mesh/delivery';
import type { ShareStatus } from '@crm-mesh/plugin-consumer';

/** `mesh.ctl.host.status` */
export interface HostStatus {
  app: 'host';
  /** Its name among the hosts. */
  host: string;
  store: 'sqlite' | 'postgres';
  version: string;
  uptimeMs: number;
  url: string;
  pluginFolders: readonly string[];
  plugins: PluginStatus[];
}

/** `restarting`: its worker has ended, and another is on its way. `standby`: other hosts run it. */
export type PluginState = 'running' | 'standby' | 'restarting' | 'paused' | 'refused' | 'stopped' | 'disabled';

/** A plugin file and what became of it. */
export interface PluginStatus {
  name: string;
  file: string;
  /** Absent as long as it could not be loaded. */
  version?: string;
  state: PluginState;
  /** Absent as long as it could not be loaded. */
  events?: readonly string[];
  /** Fields that it says it needs. */
  reads?: readonly string[];
  /** Why it is refused or restarting; or, while a former version runs, why the new one is not. */
  reason?: string;
  /** What keeps it from running here, though nothing is wrong with it. */
  waitsFor?: string;
  cure?: string;
  consumer?: ConsumerStatus;
  /** Where several hosts share it: each partition, and who runs it; its consumer where that is this host. */
  shares?: (ShareStatus & { consumer?: ConsumerStatus })[];
}
