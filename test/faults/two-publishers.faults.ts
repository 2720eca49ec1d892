import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { AppProcess } from './mesh/app-process.js';
import { isAt, type Point } from './mesh/end-at-failpoint.js';
import { expectWell } from './mesh/expect-well.js';
import { startFaultMesh, type FaultMesh } from './mesh/fault-mesh.js';
import { readPair, untilLeads } from './mesh/leader.js';
import { until } from './mesh/operator.js';
import { createRandom, shuffle, type Random } from './random/random.js';
import { IS_SHORT, SEED } from './settings.js';

const LOAD = { records: 30, senders: 4, pauseMs: 40 };
const THIN_LOAD = { records: 8, pauseMs: 150 };
const LEAST_ANSWERED = 50;

/** Where a leader that wakes up goes on with what it had decided long ago. */
const ZOMBIE_POINTS = ['normalise.before-fetch', 'normalise.before-publish', 'normalise.before-ledger'];
const ZOMBIE = 'the leader is stopped at work, and wakes up when the other leads';

interface Pair {
  leader: AppProcess;
  other: AppProcess;
  random: Random;
}

const KINDS: Record<string, (mesh: FaultMesh, pair: Pair) => Promise<void>> = {
  [ZOMBIE]: async (mesh, { leader, other, random }) => {
    const point: Point = { name: random.pick(ZOMBIE_POINTS), action: 'stop', hit: random.between(1, 20) };
    await other.kill();
    await other.start(mesh.plant([point]));
    await leader.kill();
    await until('the new leader is stopped', () => isAt(other, point));
    await leader.start(mesh.plant());
    await untilLeads(mesh, leader);
    await delay(random.between(0, 2_000));
    other.thaw();
  },
  'the leader is killed': async (mesh, { leader, other }) => {
    await leader.kill();
    await untilLeads(mesh, other);
    await leader.start(mesh.plant());
  },
  'the leader is stopped anywhere, and wakes up when the other leads': async (mesh, { leader, other, random }) => {
    leader.freeze();
    await untilLeads(mesh, other);
    await delay(random.between(0, 3_000));
    leader.thaw();
  },
  'the leader is stopped for about as long as its lease holds': async (_mesh, { leader, random }) => {
    leader.freeze();
    await delay(random.between(2_500, 4_500));
    leader.thaw();
  },
  'the one that waits is killed': async (mesh, { other }) => {
    await other.kill();
    await other.start(mesh.plant());
  },
  'both are killed': async (mesh, { leader, other }) => {
    await Promise.all([leader.kill(), other.kill()]);
    await Promise.all([leader.start(mesh.plant()), other.start(mesh.plant())]);
  },
};

describe('two publishers on one mesh', () => {
  it('tell each change once and in order, whatever becomes of the one that leads', async () => {
    const random = createRandom(SEED, 'two publishers');
    const mesh = await startFaultMesh({ crmSeed: SEED });
    const crm = mesh.crm!;
    const history: string[] = [];
    try {
      await Promise.all([mesh.publisher.start(mesh.plant()), mesh.standby.start(mesh.plant()), mesh.host.start()]);
      crm.sendTo(mesh.publisher.url);
      const over = new AbortController();
      const load = Promise.all([
        mesh.sender.run({ ...LOAD, random: createRandom(SEED, 'load of two') }, over.signal),
        crm.run({ ...THIN_LOAD, random: createRandom(SEED, 'thin load of two') }, over.signal),
      ]);
      for (const kind of IS_SHORT ? [ZOMBIE] : shuffle(Object.keys(KINDS), random)) {
        await delay(random.between(300, 1_500));
        history.push(`${kind} (${mesh.sender.summary}; ${crm.summary})`);
        await KINDS[kind]!(mesh, { ...(await readPair(mesh)), random });
      }
      over.abort();
      await load;
      expect(mesh.sender.answered, 'nothing was taken').toBeGreaterThan(LEAST_ANSWERED);
      await expectWell(mesh, history);
    } finally {
      await mesh.stop();
    }
  });
});
