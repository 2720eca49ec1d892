import { MeshError } from '@crm-mesh/contract';
import { STREAM_NAMES, type Nats } from '@crm-mesh/jetstream';
import type { CliContext } from '../cli-context.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { locateMesh } from '../mesh/locate-mesh.js';
import { readMeshStatus } from '../mesh/mesh-status.js';
import { describeError } from '../output/describe-error.js';
import { failed, note, ok, type Check, type CheckResult } from './check.js';

/** The NATS connection, the streams and what this user may do, and the apps behind it. */
export const checkMesh: Check = {
  name: 'NATS',
  run: async (context) => {
    try {
      return await withMesh(context, lookAround);
    } catch (error) {
      return [await describeAbsence(context, error)];
    }
  },
};

async function lookAround(nats: Nats): Promise<CheckResult[]> {
  const status = await readMeshStatus(nats);
  const missing = STREAM_NAMES.filter((name) => !status.streams.some((stream) => stream.name === name));
  return [
    ok('NATS', `${nats.serverUrl}, version ${nats.serverVersion}`),
    missing.length === 0
      ? ok('streams', `all ${STREAM_NAMES.length} are there and may be read`)
      : note('streams', `not there yet: ${missing.join(', ')}; the publisher makes them when it starts`),
    ...status.problems
      .filter((problem) => !problem.startsWith('streams'))
      .map((problem) => failed('mesh', problem, 'Look at `mesh status` and the log of the app.')),
  ];
}

/** Before the first `mesh up` there is nothing to reach, and nothing wrong with that. */
async function describeAbsence(context: CliContext, error: unknown): Promise<CheckResult> {
  const absent = note('NATS', 'no mesh is running: `mesh up` starts one');
  if (error instanceof MeshError && error.code === 'MESH_NOT_RUNNING') return absent;
  const { via } = await locateMesh(context);
  if (error instanceof MeshError && error.code === 'MESH_NATS_UNAVAILABLE' && via === 'default') return absent;
  const { what, cure = '' } = describeError(error);
  return failed('NATS', `${what} (address from ${via})`, cure);
}
