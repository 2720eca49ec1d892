import { MeshError } from '@crm-mesh/contract';
import type { HostStatus, PublisherStatus } from '@crm-mesh/control';
import { requestControl, requestEvery, type Nats } from '@crm-mesh/jetstream';

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
