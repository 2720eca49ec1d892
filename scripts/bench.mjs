// npm run bench: sets up, builds bench/ and runs it. Arguments go to it; `-- --help` lists them.
import { join } from 'node:path';
import { runInForeground, runQuietly } from './run-command.mjs';
import { fail, ROOT, setUp } from './setup.mjs';

// stdout is for results alone (`--json`).
await setUp({ quiet: true });
const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
await runQuietly(process.execPath, [tsc, '-b', 'bench'], { cwd: ROOT }).catch((error) =>
  fail('The build of bench/ failed.', error),
);
const { findNatsServer } = await import('../libs/nats-server/dist/index.js');
const options = { cacheDir: join(ROOT, '.mesh/bin'), env: { ...process.env, NATS_URL: '' } };
await findNatsServer(options).catch((error) => fail(error.message));
process.exitCode = await runInForeground(join(ROOT, 'bench/dist/src/main.js'), process.argv.slice(2), { cwd: ROOT });
