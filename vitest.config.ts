import { defineConfig } from 'vitest/config';

export default defineConfig({
  ssr: { resolve: { conditions: ['@crm-mesh/source', 'module', 'node', 'development|production'] } },
  // For spec files and plugins, which no tsconfig.json that emits includes.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    include: [
      'apps/*/src/**/*.spec.ts',
      'libs/*/src/**/*.spec.ts',
      'plugins/**/*.spec.ts',
      'examples/**/*.spec.ts',
      'scripts/**/*.spec.ts',
      'bench/src/**/*.spec.ts',
      'test/**/*.spec.ts',
    ],
    setupFiles: ['reflect-metadata'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // By default vitest leaves one core alone; most of our tests wait for servers and processes.
    maxWorkers: 2,
  },
});
