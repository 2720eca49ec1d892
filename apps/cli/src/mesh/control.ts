import type { ConsumerStatus } from '@crm-mesh/delivery';
import { MeshError } from '@crm-mesh/contract';
import { requestControl, requestEvery, type Nats } from '@crm-mesh/jetstream';

/** What the publisher answers to `mesh.ctl.publisher.status`. */
export interface PublisherStatus {
  app: 'publisher';
  version: string;
  uptimeMs: number;
  url: string;
  connections: {
    tenant: string;
    name: string;
    source: string;
    received: number;
    refused: number;
    duplicates: number;
    lastReceivedAt?: string;
  }[];
  consumers: ConsumerStatus[];
  normaliser: {
    leading: boolean;
    normalised: number;
    published: number;
    dropped: Record<string, number>;
    echoes: number;
  };
  ledger: { position: number; records: number };
  outbox: { messages: number; bytes: number };
}

export interface PluginStatus {
  name: string;
  file: string;
  /** Absent as long as it could not be loaded. */
  version?: string;
  state: 'running' | 'standby' | 'restarting' | 'paused' | 'refused' | 'stopped' | 'disabled';
  events?: string[];
  reason?: string;
  cure?: string;
  /** What keeps it from running on this host, though nothing is wrong with it. */
  waitsFor?: string;
  consumer?: ConsumerStatus;
  /** Where several hosts share it: each partition, and who runs it; its consumer where that is the host that says so. */
  shares?: PluginShare[];
}

export interface PluginShare {
  /** The durable. */
  name: string;
  holder?: string;
  since?: string;
  consumer?: ConsumerStatus;
}

/** What the host answers to `mesh.ctl.host.status`. */
export interface HostStatus {
  app: 'host';
  /** Its name among the hosts. */
  host: string;
  store: 'sqlite' | 'postgres';
  version: string;
  uptimeMs: number;
  url: string;
  pluginFolders: string[];
  plugins: PluginStatus[];
}

/** What a plugin's handler gave back for one event, as `mesh.ctl.host.receipts` tells it. */
export interface Receipt {
  record: string;
  type: string;
  stream: string;
  sequence: number;
  at: string;
  receipt: unknown;
}

const TIMEOUT_MS = 3_000;

/** Undefined when the app does not answer. */
export async function askStatus<T extends PublisherStatus | HostStatus>(
  nats: Nats,
  app: T['app'],
): Promise<T | undefined> {
  try {
    return await requestControl<T>(nats, app, 'status', {}, { timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (error instanceof MeshError && error.code === 'MESH_NATS_NO_ANSWER') return undefined;
    throw error;
  }
}

/** Of all hosts, by name. Empty when none answers. */
export async function askHosts(nats: Nats): Promise<HostStatus[]> {
  const hosts = await requestEvery<HostStatus>(nats, 'host', 'status', {}, { timeoutMs: TIMEOUT_MS });
  return hosts.toSorted((a, b) => a.host.localeCompare(b.host));
}

/** The normaliser's dead letters are the publisher's, all others the host's. */
export function ownerOf(consumer: string): 'publisher' | 'host' {
  return consumer === 'normaliser' ? 'publisher' : 'host';
}
