import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchCase, Contest, OpenOptions, Side } from '../src/bench-case.js';
import { Ground } from '../src/ground.js';
import type { HostOptions } from '../src/host-server.js';
import { startWorker, type Worker } from '../src/worker.js';

const PLUGINS = 100;
/** After the start: what was compiled and collected for that is no cost of being idle. */
const SETTLE_MS = 5_000;
const WINDOW_MS = 20_000;

type Isolation = 'inline' | 'worker';

/** 100 plugins to which nothing happens: what the host's process takes of one core. */
export const idlePlugins: BenchCase = {
  name: 'idle-plugins',
  reference: 'the same host, one plugin (inline)',
  unit: '% of a core more',
  goal: { kind: 'more-at-most', target: 1 },
  events: 0,
  open: (options) => openIdleCpu(options, 'inline'),
};

export const idlePluginsWorker: BenchCase = {
  ...idlePlugins,
  name: 'idle-plugins-worker',
  group: 'idle-plugins',
  reference: 'the same host, one plugin (worker)',
  open: (options) => openIdleCpu(options, 'worker'),
};

/** What each of 100 idle plugins takes of the host's resident memory. */
export const idleMemory: BenchCase = {
  name: 'idle-memory',
  group: 'idle-plugins',
  reference: 'the same host, one plugin (inline)',
  unit: 'MB a plugin more',
  goal: { kind: 'more-at-most', target: 1 },
  events: 0,
  open: (options) => openIdleMemory(options, 'inline'),
};

export const idleMemoryWorker: BenchCase = {
  ...idleMemory,
  name: 'idle-memory-worker',
  reference: 'the same host, one plugin (worker)',
  goal: { kind: 'more-at-most', target: 23 },
  open: (options) => openIdleMemory(options, 'worker'),
};

async function openIdleCpu({ profileDir }: OpenOptions, isolation: Isolation): Promise<Contest> {
  // A server each: what one host's plugins ask of it must not slow the other's answers.
  const [ourGround, otherGround] = [await Ground.open(), await Ground.open()];
  const ours = await startIdleHost(ourGround, { plugins: PLUGINS, isolation, profileDir });
  const reference = await startIdleHost(otherGround, { plugins: 1, isolation, profileDir });
  await delay(SETTLE_MS);
  return {
    measure: (side) => measureCpu(side === 'ours' ? ours : reference),
    close: async () => {
      for (const host of [ours, reference]) await host.stop();
      await ourGround.close();
      await otherGround.close();
    },
  };
}

/** Per cent of one core. */
async function measureCpu(host: Worker): Promise<number> {
  const beganMs = performance.now();
  const cpuMs = await host.readCpuMs();
  await delay(WINDOW_MS);
  return (100 * ((await host.readCpuMs()) - cpuMs)) / (performance.now() - beganMs);
}

async function openIdleMemory({ profileDir }: OpenOptions, isolation: Isolation): Promise<Contest> {
  const ground = await Ground.open();
  return {
    // A fresh process each time: memory that was taken once is seldom given back.
    measure: async (side) => {
      const host = await startIdleHost(ground, { plugins: countPlugins(side), isolation, profileDir });
      try {
        await delay(SETTLE_MS);
        // The share of each of those that the other has not.
        return (await host.readRssMb()) / (PLUGINS - 1);
      } finally {
        await host.stop();
      }
    },
    close: () => ground.close(),
  };
}

const countPlugins = (side: Side): number => (side === 'ours' ? PLUGINS : 1);

async function startIdleHost(
  ground: Ground,
  { plugins, isolation, profileDir }: { plugins: number; isolation: Isolation; profileDir: string | undefined },
): Promise<Worker> {
  const host = startWorker('src/host-server', { profileDir });
  const folder = mkdtempSync(join(ground.temp.path, 'host-'));
  const options: HostOptions = { natsUrl: ground.natsUrl, folder, plugins, delivery: { isolation } };
  await host.call('open', options);
  return host;
}
