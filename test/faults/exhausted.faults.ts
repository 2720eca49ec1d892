import { describe, it } from 'vitest';
import { choosePoint, endAt } from './mesh/end-at-failpoint.js';
import { exhaustSome, MAX_DELIVER, untilBuried, untilLooked } from './mesh/exhaustion.js';
import { expectWell } from './mesh/expect-well.js';
import { startFaultMesh, type FaultMesh } from './mesh/fault-mesh.js';
import { setMaxDeliver } from './mesh/operator.js';
import { FAILPOINTS } from './plant/index.js';
import { createRandom, type Random } from './random/random.js';
import { sample, SEED } from './settings.js';

const LOAD = { records: 12, senders: 2, pauseMs: 60 };
const SHORT_POINTS = 1;

const names = Object.keys(FAILPOINTS).filter((name) => FAILPOINTS[name]!.needs === 'exhaustion');

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
        await untilBuried(mesh);
      }
      await expectWell(mesh);
    } finally {
      await mesh.stop();
    }
  });
});
