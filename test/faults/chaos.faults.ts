import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { expectWell } from './mesh/expect-well.js';
import { startFaultMesh, type FaultMesh } from './mesh/fault-mesh.js';
import { createRandom, type Random } from './random/random.js';
import { IS_SHORT, MINUTES, ROUNDS, SEED } from './settings.js';

const FAULTS = IS_SHORT ? 4 : 9;
const LEAST_ANSWERED = IS_SHORT ? 50 : 100;
const LEAST_DELIVERED = IS_SHORT ? 20 : 50;
const THIN_LOAD = { records: 10, pauseMs: 150 };
const LOAD = { records: 40, senders: 4, pauseMs: 40 };

/** What happens to a process, and what puts it right again. */
const KINDS: Record<string, (mesh: FaultMesh, random: Random) => Promise<void>> = {
  'kill publisher': async ({ publisher, plant }) => {
    await publisher.kill();
    await publisher.start(plant());
  },
  'kill host': async ({ host, plant }) => {
    await host.kill();
    await host.start(plant());
  },
  'kill nats-server': async ({ server }, random) => {
    await server.kill();
    await delay(random.between(0, 1_500));
    await server.restart();
  },
  'restart nats-server': ({ server }) => server.restart(),
  'stop publisher': ({ publisher }, random) => holdStill(publisher, random.between(100, 5_000)),
  'stop host': ({ host }, random) => holdStill(host, random.between(100, 5_000)),
  'stop nats-server': async ({ server }, random) => {
    await server.pause();
    await delay(random.between(100, 4_000));
    server.resume();
  },
  'kill all': async ({ publisher, host, server, plant }) => {
    await Promise.all([publisher.kill(), host.kill(), server.kill()]);
    await server.restart();
    await Promise.all([publisher.start(plant()), host.start(plant())]);
  },
};

async function holdStill(app: FaultMesh['host'], ms: number): Promise<void> {
  app.freeze();
  await delay(ms);
  app.thaw();
}

/** One mesh under load, one fault after the other at random moments; then everything must be right. */
async function runRound(seed: number): Promise<void> {
  const faults = createRandom(seed, 'faults');
  const mesh = await startFaultMesh({ crmSeed: seed });
  const crm = mesh.crm!;
  const history: string[] = [];
  const startedMs = Date.now();
  const note = (what: string): void =>
    void history.push(
      `${((Date.now() - startedMs) / 1_000).toFixed(1)} s ${what} (${mesh.sender.summary}; ${crm.summary})`,
    );
  try {
    await Promise.all([mesh.publisher.start(), mesh.host.start()]);
    crm.sendTo(mesh.publisher.url);
    const over = new AbortController();
    const load = Promise.all([
      mesh.sender.run({ ...LOAD, random: createRandom(seed, 'load') }, over.signal),
      crm.run({ ...THIN_LOAD, random: createRandom(seed, 'thin load') }, over.signal),
    ]);
    for (let count = 0; count < FAULTS; count += 1) {
      await delay(faults.between(100, 1_500));
      const kind = faults.pick(Object.keys(KINDS));
      note(kind);
      await KINDS[kind]!(mesh, faults);
    }
    note('end of load');
    over.abort();
    await load;
    note('waiting');
    expect(mesh.sender.answered, 'nothing was taken').toBeGreaterThan(LEAST_ANSWERED);
    expect(crm.delivered, 'nothing thin was taken').toBeGreaterThan(LEAST_DELIVERED);
    await expectWell(mesh, history);
    note('all well');
    console.log([`chaos, seed ${seed}:`, ...history].join('\n  '));
  } finally {
    await mesh.stop();
  }
}

describe('processes that are killed and stopped at random moments under load', () => {
  const rounds = Array.from({ length: ROUNDS }, (_, index) => SEED + index);

  it.each(rounds)('seed %i', { timeout: 240_000 }, (seed) => runRound(seed));

  it.runIf(MINUTES > 0)(`${MINUTES} minutes more`, { timeout: (MINUTES + 5) * 60_000 }, async () => {
    const endMs = Date.now() + MINUTES * 60_000;
    for (let seed = SEED + ROUNDS; Date.now() < endMs; seed += 1) await runRound(seed);
  });
});
