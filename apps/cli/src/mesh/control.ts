import type { ConsumerStatus } from '@crm-mesh/delivery';
import { MeshError } from '@crm-mesh/contract';
import { requestControl, type Nats } from '@crm-mesh/jetstream';

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
  state: 'running' | 'restarting' | 'paused' | 'refused' | 'stopped' | 'disabled';
  events?: string[];
  reason?: string;
  cure?: string;
  consumer?: ConsumerStatus;
}

/** What the host answers to `mesh.ctl.host.status`. */
export interface HostStatus {
  app: 'host';
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

/** The normaliser's dead letters are the publisher's, all others the host's. */
export function ownerOf(consumer: string): 'publisher' | 'host' {
  return consumer === 'normaliser' ? 'publisher' : 'host';
}
