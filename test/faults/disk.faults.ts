import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, it, type TestContext } from 'vitest';
import { expectWell } from './mesh/expect-well.js';
import { startFaultMesh, type FaultMesh, type FaultMeshOptions } from './mesh/fault-mesh.js';
import { until } from './mesh/operator.js';
import { makeSmallDisk, type SmallDisk } from './mesh/small-disk.js';
import { countWaiting } from './mesh/store-files.js';
import { createRandom } from './random/random.js';
import { SEED } from './settings.js';

const DISK_MIB = 48;
const LOAD = { records: 30, senders: 3, pauseMs: 40 };
const FULL_MS = 3_000;

/** A mesh under load, whose disk is full for a while. */
async function runFull(
  context: TestContext,
  optionsOf: (disk: SmallDisk) => FaultMeshOptions,
  { isFelt, afterwards }: { isFelt(mesh: FaultMesh): boolean; afterwards(mesh: FaultMesh): Promise<void> },
): Promise<void> {
  const disk = makeSmallDisk(DISK_MIB);
  if ('whyNot' in disk) {
    console.warn(`LEFT OUT: ${context.task.name}: ${disk.whyNot}`);
    return context.skip(disk.whyNot);
  }
  const mesh = await startFaultMesh(optionsOf(disk));
  try {
    await Promise.all([mesh.publisher.start(), mesh.host.start()]);
    const over = new AbortController();
    const load = mesh.sender.run({ ...LOAD, random: createRandom(SEED, 'load on a small disk') }, over.signal);
    await until('it runs', () => mesh.sender.answered > 100);
    disk.fill();
    await until('the full disk is felt', () => isFelt(mesh));
    await delay(FULL_MS);
    disk.free();
    await afterwards(mesh);
    const before = mesh.sender.answered;
    await until('it takes webhooks again', () => mesh.sender.answered > before + 50);
    over.abort();
    await load;
    await expectWell(mesh, [mesh.sender.summary]);
  } finally {
    await mesh.stop();
    disk.remove();
  }
}

/** What has ended because of its disk is started again, as `mesh up` does. */
async function startEnded({ publisher, host }: FaultMesh): Promise<void> {
  for (const app of [publisher, host]) if (!app.isRunning) await app.start();
}

/** Webhooks are refused, or go to the outbox. */
function isServerAway({ sender, storeFolder }: FaultMesh): boolean {
  return sender.outcomes.has('503') || countWaiting(storeFolder)['outbox']! > 0;
}

function isStoreRefusing({ folder }: FaultMesh): boolean {
  return /database or disk is full|disk I\/O error/.test(readFileSync(join(folder, 'host.log'), 'utf8'));
}

describe('a full disk', () => {
  it('of nats-server loses nothing', (context) =>
    runFull(context, (disk) => ({ serverFolder: disk.path }), {
      isFelt: isServerAway,
      afterwards: async (mesh) => {
        // A server that ran out of space turns JetStream off until it is started again.
        await mesh.server.restart();
        await startEnded(mesh);
      },
    }));

  it('of the databases loses nothing', (context) =>
    runFull(context, (disk) => ({ storeFolder: disk.path }), { isFelt: isStoreRefusing, afterwards: startEnded }));
});
