import type { AppProcess } from './app-process.js';
import type { FaultMesh } from './fault-mesh.js';
import { until } from './operator.js';

/** Which of the two publishers leads the normaliser, by the lease; who was killed or stopped leads until that ends. */
export async function findLeader({ jsm, publisher, standby }: FaultMesh): Promise<AppProcess | undefined> {
  const wanted = { last_by_subj: '$KV.mesh_leases.normaliser' };
  const stored = await jsm.streams.getMessage('KV_mesh_leases', wanted).catch(() => undefined);
  // A lease that was given back leaves an empty message.
  const holder = stored?.data.length ? stored.json<{ holder: string }>().holder : '';
  return [publisher, standby].find(({ pid }) => pid !== undefined && holder.endsWith(`:${pid}`));
}

export async function untilLeads(mesh: FaultMesh, app: AppProcess): Promise<void> {
  await until('the other one leads', async () => (await findLeader(mesh)) === app);
}

/** Rejects where nobody leads for a minute. */
export async function readPair(mesh: FaultMesh): Promise<{ leader: AppProcess; other: AppProcess }> {
  let leader: AppProcess | undefined;
  await until('one of the publishers leads', async () => (leader = await findLeader(mesh)) !== undefined);
  return { leader: leader!, other: leader === mesh.publisher ? mesh.standby : mesh.publisher };
}
