// npm test: sets up, gets nats-server into the cache that every test shares, and runs vitest. Arguments go to vitest.
import { join } from 'node:path';
import { showStep } from './progress.mjs';
import { runInForeground } from './run-command.mjs';
import { fail, ROOT, setUp } from './setup.mjs';

/** Once and with progress; else every test file that runs at the same time would fetch its own. */
async function fetchNatsServer() {
  const { findNatsServer } = await import('../libs/nats-server/dist/index.js');
  const options = { cacheDir: join(ROOT, '.mesh/bin'), env: { ...process.env, NATS_URL: '' } };
  await showStep('Getting nats-server', (note) => findNatsServer({ ...options, onProgress: note })).catch((error) =>
    fail(error.message),
  );
}

await setUp();
await fetchNatsServer();
const reporters = ['--reporter=default', `--reporter=${join(ROOT, 'scripts/count-reporter.mjs')}`];
const args = ['run', ...reporters, ...process.argv.slice(2)];
process.exitCode = await runInForeground(join(ROOT, 'node_modules/vitest/vitest.mjs'), args, { cwd: ROOT });
