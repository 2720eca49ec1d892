// npm run bench: sets up, builds bench/ and runs it. Arguments go to it; `-- --help` lists them.
import { join } from 'node:path';
import { fetchNatsServer } from './nats-server.mjs';
import { runInForeground, runQuietly } from './run-command.mjs';
import { fail, ROOT, setUp } from './setup.mjs';

// stdout is for results alone (`--json`).
await setUp({ quiet: true });
const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
await runQuietly(process.execPath, [tsc, '-b', 'bench'], { cwd: ROOT }).catch((error) =>
  fail('The build of bench/ failed.', error),
);
await fetchNatsServer({ quiet: true });
process.exitCode = await runInForeground(join(ROOT, 'bench/dist/src/main.js'), process.argv.slice(2), { cwd: ROOT });
