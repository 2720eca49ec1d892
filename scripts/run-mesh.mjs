import { join } from 'node:path';
import { runInForeground } from './run-command.mjs';
import { ROOT } from './setup.mjs';

/** Runs the `mesh` command in the repository's root and ends with its exit code. */
export async function runMesh(...args) {
  process.exitCode = await runInForeground(join(ROOT, 'apps/cli/bin/mesh.js'), args, {
    cwd: ROOT,
    passInterrupt: true,
  });
}
