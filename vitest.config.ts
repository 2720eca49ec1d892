import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Also where these settings are used below another root. */
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Specs that run hosts, workers and whole meshes, or measure memory: each file in a process of its own. */
const ALONE = [
  'apps/cli/src/**/*.spec.ts',
  'apps/host/src/**/*.spec.ts',
  'apps/publisher/src/webhooks/hostile-wire.spec.ts',
  'bench/src/**/*.spec.ts',
  'examples/**/*.spec.ts',
  'libs/delivery/src/parked-lane.spec.ts',
  'libs/nats-server/src/**/*.spec.ts',
  'test/browser/**/*.spec.ts',
  'test/faults/**/*.spec.ts',
  'test/journeys/**/*.spec.ts',
];
/** The others share two processes: importing what they need takes longer than most of them. */
const TOGETHER = [
  'apps/*/src/**/*.spec.ts',
  'libs/*/src/**/*.spec.ts',
  'plugins/**/*.spec.ts',
  'scripts/**/*.spec.ts',
  'test/**/*.spec.ts',
];

export default defineConfig({
  // For spec files and plugins, which no tsconfig.json that emits includes.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    globalSetup: [here('scripts/build-for-tests.mjs')],
    setupFiles: ['reflect-metadata', here('test/patience.ts')],
    expect: { poll: { timeout: 20_000 } },
    // What was built is Node's to load, once for all specs of a process; to transform it again takes three times as long.
    server: { deps: { external: [/\/dist\//] } },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // By default vitest leaves one core alone; most of our tests wait for servers and processes.
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'together', include: TOGETHER, exclude: ALONE, isolate: false } },
      { extends: true, test: { name: 'alone', include: ALONE } },
    ],
  },
});
