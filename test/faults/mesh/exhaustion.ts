import { join } from 'node:path';
import type { FaultMesh } from './fault-mesh.js';
import { PLUGIN } from './fault-plugin.js';
import { cameTrue, countOpen, setMaxDeliver, takeAway, until, untilTold } from './operator.js';
import { readRows } from './store-files.js';

/** So high that no kill exhausts what a load sends. */
export const MAX_DELIVER = 1_000;
/** The host looks for them every five seconds. */
const BURIED_WITHIN_MS = 25_000;
/** In the names of their records. */
const MARK = 'exhausted-';

/** What lies behind the first look is not the host's to bury. */
export async function untilLooked({ storeFolder }: FaultMesh): Promise<void> {
  const file = join(storeFolder, 'host.db');
  await until(
    'the host has looked',
    () => readRows(file, 'delivery_sweeps', 'SELECT * FROM delivery_sweeps').length > 0,
  );
}

/** Four events that the host never gets: three are exhausted, of one the server forgot to say so. */
export async function exhaustSome(mesh: FaultMesh, id: string): Promise<void> {
  const { sender, host } = mesh;
  await mesh.drained();
  await host.stop();
  await setMaxDeliver(mesh, 1);
  await sender.send(['a', 'b', 'b', 'c'].map((part) => sender.edit('acme/shop', `${MARK}${id}-${part}`)));
  await untilTold(mesh);
  const taken = await takeAway(mesh, 4);
  taken.at(-1)!.ack();
  await until('the server has given them up', async () => (await countOpen(mesh, 'CRM_EVENTS', PLUGIN)).held === 0);
  await setMaxDeliver(mesh, MAX_DELIVER);
}

async function countLetters({ jsm }: FaultMesh): Promise<number> {
  const { state } = await jsm.streams.info('CRM_DEAD', { subjects_filter: '>' });
  const counts = Object.entries(state.subjects ?? {}).filter(([subject]) => subject.includes(`.${MARK}`));
  return counts.reduce((sum, [, count]) => sum + count, 0);
}

/** Until there are as many dead letters of them; what does not come is for the checker to tell. */
export async function untilBuried(mesh: FaultMesh): Promise<void> {
  await cameTrue(async () => (await countLetters(mesh)) >= mesh.givenUp.size, BURIED_WITHIN_MS);
}
