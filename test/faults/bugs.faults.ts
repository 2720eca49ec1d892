import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUG_SCENARIOS, shutGate } from './bug-scenarios.js';
import { expectWell, findFaults } from './mesh/expect-well.js';
import { startFaultMesh, type FaultMesh } from './mesh/fault-mesh.js';
import { FLEET_BUGS } from './mesh/host-fleet.js';
import { BUGS } from './plant/index.js';
import { sample, SEED } from './settings.js';

const SHORT_BUGS = 3;
const all = Object.keys(BUG_SCENARIOS);
const names = sample(all, SHORT_BUGS, 'bugs');
/** What a bug has lost never comes; waiting for it longer shows nothing more. */
const DRAIN_TIMEOUT_MS = 20_000;

async function startApps(bugs: string[]): Promise<FaultMesh> {
  const mesh = await startFaultMesh({ bugs, isProxied: true, crmSeed: SEED });
  await Promise.all([mesh.publisher.start(mesh.plant()), mesh.host.start(mesh.plant())]);
  return mesh;
}

async function provoke(mesh: FaultMesh, name: string): Promise<void> {
  shutGate(mesh);
  await BUG_SCENARIOS[name]!.provoke(mesh, name);
}

it('there is a scenario for every bug', () =>
  expect([...all, ...FLEET_BUGS].toSorted()).toEqual(Object.keys(BUGS).toSorted()));

describe('with nothing planted', () => {
  let mesh: FaultMesh;
  beforeAll(async () => void (mesh = await startApps([])));
  afterAll(() => mesh?.stop());

  it.each(names)('the scenario of %s ends well', async (name) => {
    await provoke(mesh, name);
    await mesh.drained();
  });
  it('and the checker finds nothing', () => expectWell(mesh));
});

describe.concurrent('a planted bug is found', () => {
  it.each(names)('%s', async (name) => {
    const mesh = await startApps([name]);
    try {
      await provoke(mesh, name);
      const findings = await findFaults(mesh, DRAIN_TIMEOUT_MS);
      expect(findings.map(({ rule }) => rule)).toContain(BUG_SCENARIOS[name]!.rule);
    } finally {
      await mesh.stop();
    }
  });
});
