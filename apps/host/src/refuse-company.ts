import { MeshError } from '@crm-mesh/contract';
import type { HostStatus } from '@crm-mesh/control';
import { requestEvery, type Nats } from '@crm-mesh/jetstream';

const TIMEOUT_MS = 3_000;

/**
 * Hosts share plugins through one database. Where one of them has a file of its own, neither knows what the other has
 * done. Asked when this host can be asked itself, so that of two that start together none is missed.
 */
export async function refuseCompany(nats: Nats, { host, store }: Pick<HostStatus, 'host' | 'store'>): Promise<void> {
  const hosts = await requestEvery<HostStatus>(nats, 'host', 'status', {}, { timeoutMs: TIMEOUT_MS });
  const others = hosts.filter((other) => other.host !== host);
  const own = store === 'sqlite' ? others[0] : others.find((other) => other.store === 'sqlite');
  if (!own) return;
  const whose = store === 'sqlite' ? 'this one has' : 'that one has';
  throw new MeshError(
    'MESH_HOST_NOT_ALONE',
    `Another host (${own.host}) runs on this mesh, and ${whose} an SQLite file of its own.`,
  );
}
