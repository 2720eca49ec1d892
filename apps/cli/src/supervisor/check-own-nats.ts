import type { NatsLocation } from '@crm-mesh/config';
import { MeshError } from '@crm-mesh/contract';
import { connectNats } from '@crm-mesh/jetstream';

/** For a server that is just starting beside us. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Throws MESH_NATS_* when the user's own server cannot be used: the apps would wait for it for ever, and say so in their
 * logs alone.
 */
export async function checkOwnNats(location: NatsLocation, signal: AbortSignal): Promise<void> {
  try {
    const nats = await connectNats({ name: 'mesh up', ...location, connectTimeoutMs: CONNECT_TIMEOUT_MS, signal });
    await nats.close();
  } catch (error) {
    if (!(error instanceof MeshError) || error.code !== 'MESH_NATS_UNAVAILABLE') throw error;
    const cure =
      'Start that server or mend the address; without NATS_URL and `nats` in mesh.yaml `mesh up` runs its own.';
    throw new MeshError('MESH_NATS_UNAVAILABLE', error.what, { cause: error, cure });
  }
}
