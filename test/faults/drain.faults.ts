import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { expectWell } from './mesh/expect-well.js';
import { startFaultMesh } from './mesh/fault-mesh.js';
import { until } from './mesh/operator.js';
import { createRandom } from './random/random.js';
import { SEED } from './settings.js';

const LOAD = { records: 30, senders: 4, pauseMs: 10 };
const BACKLOG = 1_500;
const RESTARTS = 4;

describe('a backlog that is being drained', () => {
  it('survives restarts and kills of nats-server', async () => {
    const random = createRandom(SEED, 'drain');
    const mesh = await startFaultMesh();
    try {
      await mesh.publisher.start();
      const over = new AbortController();
      const load = mesh.sender.run({ ...LOAD, random: createRandom(SEED, 'backlog') }, over.signal);
      await until('a backlog is there', () => mesh.sender.answered > BACKLOG);
      over.abort();
      await load;
      await mesh.host.start();
      for (let count = 0; count < RESTARTS; count += 1) {
        await delay(random.between(50, 600));
        if (count % 2 === 0) await mesh.server.kill();
        await mesh.server.restart();
      }
      await expectWell(mesh);
    } finally {
      await mesh.stop();
    }
  });
});
