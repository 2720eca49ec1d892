import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTempDir } from '@crm-mesh/testing';
import { readText, ROOT } from '../house/repository.js';

const SET_UP_TIMEOUT_MS = 300_000;
const TEST_TIMEOUT_MS = 120_000;
const EXAMPLE = 'examples/outside-plugin';
const PACK = ['pack', '-w', 'libs/contract', '-w', 'libs/sdk', '--pack-destination'];
/** What comes from a registry, as the README says; the compiler is ours. */
const OTHERS = ['class-validator', '@types/node@20'];
const QUIET = ['--prefer-offline', '--no-audit', '--no-fund'];

const temp = makeTempDir('outside-types');
const folder = join(temp.path, 'outside-plugin');
let packed: string[] = [];
afterAll(() => temp.remove());

beforeAll(async () => {
  cpSync(join(ROOT, EXAMPLE), folder, { recursive: true });
  const { stdout } = await execa('npm', [...PACK, temp.path, '--silent'], { cwd: ROOT });
  packed = stdout.split('\n').filter((line) => line.endsWith('.tgz'));
  const files = packed.map((file) => join(temp.path, file));
  await execa('npm', ['install', '--save-dev', ...files, ...OTHERS, ...QUIET], { cwd: folder });
}, SET_UP_TIMEOUT_MS);

const check = () => execa(join(ROOT, 'node_modules/.bin/tsc'), ['-p', '.'], { cwd: folder, reject: false });

it('a plugin outside the repository has types', { timeout: TEST_TIMEOUT_MS }, async () => {
  expect(await check()).toMatchObject({ stdout: '', exitCode: 0 });
});

it.each([
  [
    'a wrong event name',
    "events: ['deal.won']",
    "events: ['deal.wonn']",
    /outside\.plugin\.ts.*'"deal\.wonn"' is not assignable/,
  ],
  [
    'a field that a deal has not',
    'event.data.amount',
    'event.data.amonut',
    /outside\.plugin\.ts.*'amonut' does not exist/,
  ],
])('and tsc refuses %s', { timeout: TEST_TIMEOUT_MS }, async (_, right, wrong, told) => {
  const file = join(folder, 'src/outside.plugin.ts');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(right, wrong));
  try {
    const { exitCode, stdout } = await check();
    expect(stdout).toMatch(told);
    expect(exitCode).not.toBe(0);
  } finally {
    writeFileSync(file, text);
  }
});

it('is told by the README as it is done here', () => {
  const readme = readText(`${EXAMPLE}/README.md`);
  expect(readme).toContain(`npm ${PACK.join(' ')} `);
  const [contract, sdk] = packed.toSorted().map((file) => `/srv/our-plugins/${file}`);
  expect(readme).toContain(`npm install --save-dev ${contract} ${sdk}\n`);
  expect(readme).toMatch(/npm install --save-dev class-validator typescript @types\/node\n/);
});
