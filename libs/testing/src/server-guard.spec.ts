import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { findTestBinary, makeTempDir } from './index.js';

const temp = makeTempDir('guard');
afterAll(() => temp.remove());

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A process that starts a guarded server and is killed. */
const OWNER = `
const { spawn } = await import('node:child_process');
const [binary, folder, guardUrl] = process.argv.slice(1);
const { startServerGuard } = await import(guardUrl);
const server = spawn(binary, ['-a', '127.0.0.1', '-p', '-1'], { stdio: 'ignore' });
startServerGuard(folder).watch(server.pid);
console.log(server.pid);
setInterval(() => undefined, 1_000);
`;

describe('the guard of a test server', () => {
  it('ends the server and removes its folder when the test process is killed', async () => {
    const guard = join(temp.path, 'guard.mjs');
    // The owner is plain Node, outside of vitest, so the guard has to be JavaScript.
    const source = readFileSync(join(import.meta.dirname, 'server-guard.ts'), 'utf8');
    writeFileSync(
      guard,
      transpileModule(source, { compilerOptions: { module: ModuleKind.ESNext, target: ScriptTarget.ES2023 } })
        .outputText,
    );
    const store = makeTempDir('guarded');
    const args = ['--input-type=module', '-e', OWNER, await findTestBinary(), store.path, `file://${guard}`];
    const owner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(owner.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect([isAlive(pid), existsSync(store.path)]).toEqual([true, true]);
    owner.kill('SIGKILL');
    // Process 1 of a container may take seconds to clear the ended process away.
    await expect.poll(() => isAlive(pid) || existsSync(store.path), { timeout: 20_000 }).toBe(false);
  });
});
