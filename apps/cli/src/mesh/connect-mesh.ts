import { MeshError } from '@crm-mesh/contract';
import { connectNats, type Nats, type NatsLog } from '@crm-mesh/jetstream';
import type { CliContext } from '../cli-context.js';
import { locateMesh, type MeshLocation } from './locate-mesh.js';

const CONNECT_TIMEOUT_MS = 4_000;
/** A server that refuses the connection is not there: a person does not want to wait for it. */
const TRY_ONCE = AbortSignal.abort();
const SILENT: NatsLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Connects to the mesh, does the work, and hangs up again. */
export async function withMesh<T>(
  context: CliContext,
  work: (nats: Nats, location: MeshLocation) => Promise<T>,
): Promise<T> {
  const location = await locateMesh(context);
  const nats = await connect(location);
  try {
    return await work(nats, location);
  } finally {
    await nats.close();
  }
}

async function connect(location: MeshLocation): Promise<Nats> {
  const { url, context, credsFile } = location;
  try {
    return await connectNats({
      name: 'mesh',
      url,
      context,
      credsFile,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      signal: TRY_ONCE,
      log: SILENT,
    });
  } catch (error) {
    if (error instanceof MeshError && error.code === 'MESH_NATS_UNAVAILABLE' && location.via === 'default')
      throw describeAbsence(error);
    throw error;
  }
}

function describeAbsence(cause: MeshError): MeshError {
  const what = 'No mesh runs in this data folder, and no NATS server answers on nats://127.0.0.1:4222.';
  const cure = 'Start one with `mesh up`, or say where it is: --server, --context, NATS_URL or --data-dir.';
  return new MeshError('MESH_NATS_UNAVAILABLE', what, { cause, cure });
}
