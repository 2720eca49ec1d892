import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

interface Lock {
  packages: Record<string, { version?: string; link?: boolean; optional?: boolean; peer?: boolean }>;
}
interface Scripts {
  matchesLock(lock: Lock, installed: Lock | undefined): boolean;
  isInstalled(root: string): Promise<boolean>;
  checkNode(version: string, range: string): string | undefined;
}

// By address: the scripts are plain JavaScript, for they run before anything is installed.
const load = (file: string): Promise<Partial<Scripts>> => import(new URL(file, import.meta.url).href);
const { matchesLock, isInstalled, checkNode } = {
  ...(await load('installed.mjs')),
  ...(await load('setup.mjs')),
} as Scripts;

describe('matchesLock', () => {
  const lock: Lock = {
    packages: {
      '': {},
      'apps/cli': { version: '0.1.0' },
      'node_modules/a': { version: '1.0.0' },
      'node_modules/@crm-mesh/cli': { link: true },
      'node_modules/only-elsewhere': { version: '2.0.0', optional: true },
    },
  };
  const a = { version: '1.0.0' };
  const cli = { link: true };
  const cases: [string, Lock | undefined, boolean][] = [
    [
      'all there, nothing for other platforms',
      { packages: { 'node_modules/a': a, 'node_modules/@crm-mesh/cli': cli } },
      true,
    ],
    ['nothing installed', undefined, false],
    ['a package missing', { packages: { 'node_modules/@crm-mesh/cli': cli } }, false],
    ['a workspace missing', { packages: { 'node_modules/a': a } }, false],
    [
      'another version',
      { packages: { 'node_modules/a': { version: '1.0.1' }, 'node_modules/@crm-mesh/cli': cli } },
      false,
    ],
  ];
  it.each(cases)('%s', (_name, installed, expected) => expect(matchesLock(lock, installed)).toBe(expected));
});

it('isInstalled: finds out that a nested node_modules is gone', async () => {
  const root = mkdtempSync(join(tmpdir(), 'crm-mesh-installed-'));
  const paths = ['node_modules/a', 'apps/cli/node_modules/b'];
  const packages = Object.fromEntries(paths.map((path) => [path, { version: '1.0.0' }]));
  for (const path of paths) {
    mkdirSync(join(root, path), { recursive: true });
    writeFileSync(join(root, path, 'package.json'), '{}');
  }
  for (const file of ['package-lock.json', 'node_modules/.package-lock.json'])
    writeFileSync(join(root, file), JSON.stringify({ packages }));
  expect(await isInstalled(root)).toBe(true);
  rmSync(join(root, 'apps/cli/node_modules'), { recursive: true });
  expect(await isInstalled(root)).toBe(false);
  rmSync(root, { recursive: true });
});

describe('checkNode', () => {
  it.each(['20.19.0', '20.20.2', '22.0.0', '26.1.0'])('takes %s', (version) => {
    expect(checkNode(version, '>=20.19')).toBeUndefined();
  });
  it.each(['20.18.3', '18.20.0', '9.99.0'])('refuses %s and says the cure', (version) => {
    expect(checkNode(version, '>=20.19')).toBe(
      `crm-mesh needs Node 20.19 or newer; this is ${version}. Install it from https://nodejs.org, or: nvm install 22`,
    );
  });
});

describe('runInForeground', () => {
  const folder = mkdtempSync(join(tmpdir(), 'crm-mesh scripts-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('passes a signal on, waits until the program has drained, and ends with its exit code', async () => {
    const program = join(folder, 'program.mjs');
    const drain = `process.on('SIGTERM', () => setTimeout(() => (console.log('drained'), process.exit(7)), 50));`;
    writeFileSync(program, `${drain} setInterval(() => {}, 1_000); console.log('up');`);
    const caller = join(folder, 'caller.mjs');
    const runCommand = new URL('run-command.mjs', import.meta.url).href;
    const call = `process.exitCode = await runInForeground(${JSON.stringify(program)}, [], { cwd: '/' });`;
    writeFileSync(caller, `import { runInForeground } from ${JSON.stringify(runCommand)};\n${call}`);

    const child = spawn(process.execPath, [caller], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await expect.poll(() => output, { timeout: 15_000 }).toContain('up');
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    expect({ code, output }).toEqual({ code: 7, output: 'up\ndrained\n' });
  });
});
