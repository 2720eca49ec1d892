import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { expectWell } from './mesh/expect-well.js';
import { startFaultMesh, type FaultMesh } from './mesh/fault-mesh.js';
import { closeStream, openStream, until } from './mesh/operator.js';
import { countWaiting } from './mesh/store-files.js';
import { FAILPOINTS, type Plant } from './plant/index.js';
import { createRandom } from './random/random.js';
import { sample, SEED } from './settings.js';

const LOAD = { records: 12, senders: 3, pauseMs: 30 };
const STOPPED_SHARE = 0.25;
const SHORT_POINTS = 3;

/** One life of the app for each of its failpoints: it must come there, and is killed or stopped for a while. */
async function reachAll(mesh: FaultMesh, app: 'publisher' | 'host'): Promise<void> {
  const random = createRandom(SEED, app);
  const names = Object.keys(FAILPOINTS).filter((name) => FAILPOINTS[name]!.app === app);
  for (const name of sample(names, SHORT_POINTS, `points of ${app}`)) {
    const action = random.next() < STOPPED_SHARE ? 'stop' : 'kill';
    // The relay takes at once what lies in the outbox, and is there no second time.
    const hit = FAILPOINTS[name]!.needs === 'outbox' ? 1 : random.between(1, 4);
    const point = { name, action, hit } as const;
    const isReached = (): boolean => mesh[app].log.includes(`failpoint ${name}: ${action}`);
    await startBefore(mesh, point, isReached);
    await until(`${name} is reached`, isReached);
    if (action === 'stop') {
      await delay(random.between(100, 4_000));
      mesh[app].thaw();
      await delay(random.between(0, 500));
    }
    await mesh[app].kill();
  }
  await mesh[app].start(mesh.plant());
}

type Point = NonNullable<Plant['points']>[number];

/** Starts the app on its way to the point, and brings about what the point needs. */
async function startBefore(mesh: FaultMesh, point: Point, isReached: () => boolean): Promise<void> {
  const { app, needs } = FAILPOINTS[point.name]!;
  if (needs === 'outbox') {
    await closeStream(mesh, 'CRM_RAW');
    await mesh.publisher.start(mesh.plant([point]));
    await until('the outbox is used', () => isReached() || countWaiting(mesh.storeFolder)['outbox']! > 0);
    await openStream(mesh, 'CRM_RAW');
  } else if (app === 'publisher' || needs === 'crash') {
    await mesh[app].start(mesh.plant([point]));
  } else {
    // Not while suspects of the last kill run: who is killed alone twice is taken for a killer, and rightly.
    const armedBy = join(mesh.folder, `armed-${point.name}`);
    await mesh.host.start({ ...mesh.plant([point]), armedBy });
    const id = point.name.replace('.', '-');
    await mesh.sender.send([mesh.sender.edit('acme/billing', id)]);
    await mesh.reached('done', `acme/billing/company/${id}`);
    writeFileSync(armedBy, '');
  }
}

describe.concurrent.each(['publisher', 'host'] as const)('every failpoint of the %s', (app) => {
  it('is reached under load, and kill -9 there loses nothing and repeats no more than promised', async () => {
    const mesh = await startFaultMesh();
    const random = createRandom(SEED, `load of ${app}`);
    const other = app === 'host' ? mesh.publisher : mesh.host;
    try {
      await other.start(mesh.plant());
      const over = new AbortController();
      const load = mesh.sender.run({ ...LOAD, random }, over.signal);
      await reachAll(mesh, app).finally(() => over.abort());
      await load;
      await expectWell(mesh);
    } finally {
      await mesh.stop();
    }
  });
});
