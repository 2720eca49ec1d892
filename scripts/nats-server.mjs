import { join } from 'node:path';
import { showStep } from './progress.mjs';
import { fail, ROOT } from './setup.mjs';

/** Into the cache that all share, once: else every test file that runs at the same time would fetch its own. */
export async function fetchNatsServer({ quiet = false } = {}) {
  const { findNatsServer } = await import('../libs/nats-server/dist/index.js');
  const options = { cacheDir: join(ROOT, '.mesh/bin'), env: { ...process.env, NATS_URL: '' } };
  const fetched = quiet
    ? findNatsServer(options)
    : showStep('Getting nats-server', (onProgress) => findNatsServer({ ...options, onProgress }));
  await fetched.catch((error) => fail(error.message));
}
