import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { choosePoint, endAt, isAt, type Point } from './mesh/end-at-failpoint.js';
import { expectWell } from './mesh/expect-well.js';
import { startFaultMesh, type FaultMesh } from './mesh/fault-mesh.js';
import { closeStream, openStream, until } from './mesh/operator.js';
import { countWaiting } from './mesh/store-files.js';
import { FAILPOINTS, type Failpoint } from './plant/index.js';
import { createRandom } from './random/random.js';
import { sample, SEED } from './settings.js';

const LOAD = { records: 12, senders: 3, pauseMs: 30 };
const THIN_LOAD = { records: 5, pauseMs: 200 };
const SHORT_POINTS = 3;

/** One life of the app for each of its failpoints: it must come there, and is killed or stopped for a while. */
async function reachAll(mesh: FaultMesh, app: 'publisher' | 'host'): Promise<void> {
  const random = createRandom(SEED, app);
  // Those of exhaustion are in exhausted.faults.ts, those of operators in dead-letters.faults.ts.
  const isHere = ({ app: own, needs }: Failpoint): boolean =>
    own === app && needs !== 'exhaustion' && needs !== 'operator';
  const names = Object.keys(FAILPOINTS).filter((name) => isHere(FAILPOINTS[name]!));
  for (const name of sample(names, SHORT_POINTS, `points of ${app}`)) {
    // The relay takes at once what lies in the outbox, and is there no second time.
    const point = choosePoint(name, random, FAILPOINTS[name]!.needs === 'outbox' ? 1 : 4);
    await startBefore(mesh, point);
    mesh.crm!.sendTo(mesh.publisher.url);
    await endAt(mesh[app], point, random);
  }
  await mesh[app].start(mesh.plant());
}

/** Starts the app on its way to the point, and brings about what the point needs. */
async function startBefore(mesh: FaultMesh, point: Point): Promise<void> {
  const { app, needs } = FAILPOINTS[point.name]!;
  if (needs === 'outbox') {
    await closeStream(mesh, 'CRM_RAW');
    await mesh.publisher.start(mesh.plant([point]));
    await until(
      'the outbox is used',
      () => isAt(mesh.publisher, point) || countWaiting(mesh.storeFolder)['outbox']! > 0,
    );
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
    const mesh = await startFaultMesh({ crmSeed: SEED });
    const random = createRandom(SEED, `load of ${app}`);
    const other = app === 'host' ? mesh.publisher : mesh.host;
    try {
      await other.start(mesh.plant());
      const over = new AbortController();
      const thinRandom = createRandom(SEED, `thin load of ${app}`);
      const load = Promise.all([
        mesh.sender.run({ ...LOAD, random }, over.signal),
        mesh.crm!.run({ ...THIN_LOAD, random: thinRandom }, over.signal),
      ]);
      await reachAll(mesh, app).finally(() => over.abort());
      await load;
      await expectWell(mesh);
    } finally {
      await mesh.stop();
    }
  });
});
