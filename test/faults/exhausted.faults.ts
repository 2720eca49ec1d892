import { join } from 'node:path';
import { describe, it } from 'vitest';
import { choosePoint, endAt } from './mesh/end-at-failpoint.js';
import { expectWell } from './mesh/expect-well.js';
import { startFaultMesh, type FaultMesh } from './mesh/fault-mesh.js';
import { PLUGIN } from './mesh/fault-plugin.js';
import { cameTrue, countOpen, setMaxDeliver, takeAway, until, untilTold } from './mesh/operator.js';
import { readRows } from './mesh/store-files.js';
import { FAILPOINTS } from './plant/index.js';
import { createRandom, type Random } from './random/random.js';
import { sample, SEED } from './settings.js';

const LOAD = { records: 12, senders: 2, pauseMs: 60 };
/** So high that no kill exhausts what the load sends. */
const MAX_DELIVER = 1_000;
const SHORT_POINTS = 1;
/** The host looks for them every five seconds. */
const BURIED_WITHIN_MS = 25_000;

const names = Object.keys(FAILPOINTS).filter((name) => FAILPOINTS[name]!.needs === 'exhaustion');

/** What lies behind the first look is not the host's to bury. */
async function untilLooked({ storeFolder }: FaultMesh): Promise<void> {
  const file = join(storeFolder, 'host.db');
  await until(
    'the host has looked',
    () => readRows(file, 'delivery_sweeps', 'SELECT * FROM delivery_sweeps').length > 0,
  );
}

/** Four events that the host never gets: three are exhausted, of one the server forgot to say so. */
async function exhaustSome(mesh: FaultMesh, id: string): Promise<void> {
  const { sender, host } = mesh;
  await mesh.drained();
  await host.stop();
  await setMaxDeliver(mesh, 1);
  await sender.send(['a', 'b', 'b', 'c'].map((part) => sender.edit('acme/shop', `${id}-${part}`)));
  await untilTold(mesh);
  const taken = await takeAway(mesh, 4);
  taken.at(-1)!.ack();
  await until('the server has given them up', async () => (await countOpen(mesh, 'CRM_EVENTS', PLUGIN)).held === 0);
  await setMaxDeliver(mesh, MAX_DELIVER);
}

async function countLetters({ jsm }: FaultMesh): Promise<number> {
  const { state } = await jsm.streams.info('CRM_DEAD', { subjects_filter: '>' });
  const counts = Object.entries(state.subjects ?? {}).filter(([subject]) => subject.includes('.exhausted-'));
  return counts.reduce((sum, [, count]) => sum + count, 0);
}

/** The host is killed where it buries them, under load. */
async function killWhileBurying(mesh: FaultMesh, name: string, random: Random): Promise<void> {
  const point = choosePoint(name, random, 2);
  const over = new AbortController();
  const load = mesh.sender.run({ ...LOAD, random }, over.signal);
  try {
    await mesh.host.start(mesh.plant([point]));
    await endAt(mesh.host, point, random);
    await mesh.host.start(mesh.plant());
  } finally {
    over.abort();
    await load;
  }
}

describe('what an operator’s max_deliver has exhausted', () => {
  it('becomes one dead letter each, though the host is killed while it buries them', async () => {
    const mesh = await startFaultMesh();
    const random = createRandom(SEED, 'exhausted');
    try {
      await setMaxDeliver(mesh, MAX_DELIVER);
      await Promise.all([mesh.publisher.start(mesh.plant()), mesh.host.start(mesh.plant())]);
      await untilLooked(mesh);
      for (const name of sample(names, SHORT_POINTS, 'points of exhaustion')) {
        await exhaustSome(mesh, name.replace('.', '-'));
        await killWhileBurying(mesh, name, random);
        // What does not come is for the checker to tell.
        await cameTrue(async () => (await countLetters(mesh)) >= mesh.givenUp.size, BURIED_WITHIN_MS);
      }
      await expectWell(mesh);
    } finally {
      await mesh.stop();
    }
  });
});
