import { join } from 'node:path';
import { mergeConfig } from 'vitest/config';
import shared from '../../vitest.config.js';

const merged = mergeConfig(shared, {
  root: join(import.meta.dirname, '../..'),
  test: { testTimeout: 600_000, hookTimeout: 300_000, maxWorkers: 2, maxConcurrency: 2, disableConsoleIntercept: true },
});

/** The suite of `npm run test:faults`: the same settings, other files. */
export default { ...merged, test: { ...merged.test, projects: undefined, include: ['test/faults/**/*.faults.ts'] } };
