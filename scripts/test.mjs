// npm test: sets up, gets nats-server, PostgreSQL and a browser into the cache that every test shares, and runs vitest. Arguments go to vitest.
import { join } from 'node:path';
import { fetchChromium } from './chromium.mjs';
import { fetchNatsServer } from './nats-server.mjs';
import { fetchPostgres } from './postgres.mjs';
import { runInForeground } from './run-command.mjs';
import { ROOT, setUp } from './setup.mjs';

await setUp();
await fetchNatsServer();
await fetchPostgres();
await fetchChromium();
const reporters = ['--reporter=default', `--reporter=${join(ROOT, 'scripts/count-reporter.mjs')}`];
const args = ['run', ...reporters, ...process.argv.slice(2)];
process.exitCode = await runInForeground(join(ROOT, 'node_modules/vitest/vitest.mjs'), args, { cwd: ROOT });
