import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { openStore, type Store } from '@crm-mesh/store';
import { createMetrics, type Metrics } from '@crm-mesh/telemetry';
import { makeTempDir, startTestNats, type TempDir, type TestNats } from '@crm-mesh/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { Connections } from '../../connections/connections.js';
import { quietLog as log } from '../../publisher.fixture.js';
import { RECONCILIATION_MIGRATIONS } from './migrations.js';
import { Reconciler } from './reconciler.js';
import { TestSides } from './run.fixture.js';
import type { ScheduledPair } from './schedule.js';

const WAIT = { timeout: 60_000, interval: 50 };
/** A run that is in hand of who was killed is gone on with when its lease is over. */
const TIMEOUT_MS = 90_000;

interface Publisher {
  reconciler: Reconciler;
  metrics: Metrics;
  /** Of whoever leads, where this one waits. */
  waitsFor(): string | undefined;
  /** As SIGKILL leaves things: nothing more is written, and no lease is given back. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

let server: TestNats;
let nats: Nats;
let folder: TempDir;
let sides: TestSides;
const running: Publisher[] = [];

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'reconciler-spec', url: server.url });
  await ensureStreams(nats);
});
afterAll(async () => {
  await nats.close();
  await server.stop();
});

beforeEach(() => {
  folder = makeTempDir('reconciler');
  sides = new TestSides().fill(50);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((publisher) => publisher.stop()));
  folder.remove();
});

/** With connections to NATS and to the store of its own. */
async function start(holder: string, scheduled: readonly ScheduledPair[] = []): Promise<Publisher> {
  const own = await connectNats({ name: holder, url: server.url });
  const store: Store = await openStore({
    url: `sqlite:${folder.path}/publisher.db`,
    migrations: RECONCILIATION_MIGRATIONS,
  });
  const metrics = createMetrics({ app: 'publisher' });
  let leader: string | undefined;
  const onWaiting = (other: string): void => void (leader = other);
  const reconciler = new Reconciler({
    ...{ nats: own, store, connections: new Connections([]), openLeg: sides.open, scheduled, log, metrics },
    acquireLease: (signal) => own.acquireLease('reconcile', { holder, signal, onWaiting }),
    ...{ now: Date.now, random: () => 0 },
  });
  reconciler.start();
  let isDown = false;
  const kill = async (): Promise<void> => {
    if (isDown) return;
    isDown = true;
    await own.close();
    await store.close();
  };
  const publisher = {
    ...{ reconciler, metrics, kill, waitsFor: () => leader },
    stop: async () => {
      await reconciler.stop();
      await kill();
    },
  };
  running.push(publisher);
  return publisher;
}

const readRun = async ({ reconciler }: Publisher, run: string) => (await reconciler.rows.read(run))!.state;

async function readAudit(run: string): Promise<string[]> {
  const phases: string[] = [];
  for await (const { data } of nats.readStream('CRM_AUDIT', { fromSequence: 1, filterSubject: 'audit.reconcile.>' })) {
    const entry = JSON.parse(Buffer.from(data).toString()) as { run: string; phase: string };
    if (entry.run === run) phases.push(entry.phase);
  }
  return phases;
}

it(
  'carries on what is written down, tells it in CRM_AUDIT and counts it',
  async () => {
    sides.is.delete('c00003');
    const publisher = await start('first');
    const { run } = await publisher.reconciler.runs.begin({ pair: 'table', by: 'ada', repair: true });
    await vi.waitFor(async () => expect((await readRun(publisher, run)).ended?.how).toBe('over'), WAIT);
    await vi.waitFor(async () => expect(await readAudit(run)).toEqual(['begun', 'over']), WAIT);
    const told = await publisher.metrics.registry.metrics();
    const names = 'leg="plugin",pair="table"';
    expect(told).toContain(`mesh_reconcile_differences{${names},label="acked-not-applied",app="publisher"} 1`);
    expect(told).toContain(`mesh_reconcile_differences{${names},label="parked",app="publisher"} 0`);
    expect(told).toContain(`mesh_reconcile_compared{${names},app="publisher"} 50`);
    expect(told).toContain(`mesh_reconcile_silent_ratio{${names},app="publisher"} 0.02`);
    expect(told).toContain(`mesh_reconcile_repairs_total{${names},label="acked-not-applied",app="publisher"} 1`);
    expect(told).toContain(`mesh_reconcile_runs_total{${names},how="over",app="publisher"} 1`);
  },
  TIMEOUT_MS,
);

it(
  'of two publishers one does it, and the other goes on when that one is killed',
  async () => {
    for (const id of ['c00003', 'c00044']) sides.is.delete(id);
    // Who comes there first never comes further.
    let comes = 0;
    sides.onStep = (at) => (at === 30 && ++comes === 1 ? new Promise(() => undefined) : undefined);
    const first = await start('first');
    const { run } = await first.reconciler.runs.begin({ pair: 'table', by: 'ada', repair: true });
    await vi.waitFor(() => expect(comes).toBe(1), WAIT);
    const second = await start('second');
    await vi.waitFor(() => expect(second.waitsFor()).toBe('first'), WAIT);
    expect(sides.begunAt).toEqual([undefined]);
    running.splice(running.indexOf(first), 1);
    await first.kill();
    await vi.waitFor(async () => expect((await readRun(second, run)).ended?.how).toBe('over'), WAIT);
    expect(sides.begunAt).toEqual([undefined, '30']);
    expect(sides.repaired).toEqual(['c00003', 'c00044']);
  },
  TIMEOUT_MS,
);

it(
  'begins by itself what the schedule wants, again and again',
  async () => {
    const request = { pair: 'table', by: 'schedule', repair: true };
    const publisher = await start('first', [{ request, schedule: { everyMs: 100 }, jitterMs: 0 }]);
    const listOver = async () =>
      (await publisher.reconciler.rows.list({ leg: 'plugin', name: 'table' }, 10)).filter(({ ended }) => ended);
    await vi.waitFor(async () => expect((await listOver()).length).toBeGreaterThan(1), WAIT);
    expect((await listOver()).map(({ by, repair }) => [by, repair])[0]).toEqual(['schedule', true]);
  },
  TIMEOUT_MS,
);

it(
  'after a restart metrics tell of the last run',
  async () => {
    sides.is.delete('c00003');
    const first = await start('first');
    const { run } = await first.reconciler.runs.begin({ pair: 'table', by: 'ada' });
    await vi.waitFor(async () => expect((await readRun(first, run)).ended?.how).toBe('over'), WAIT);
    running.splice(running.indexOf(first), 1);
    await first.stop();
    const second = await start('second');
    await vi.waitFor(async () => {
      expect(await second.metrics.registry.metrics()).toContain('label="acked-not-applied",app="publisher"} 1');
    }, WAIT);
  },
  TIMEOUT_MS,
);
