import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockDataDir } from './data-dir-lock.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'mesh-lock-'))));
afterEach(() => rmSync(folder, { recursive: true }));

it('is held until it is released', () => {
  const lock = lockDataDir(folder);
  expect(readFileSync(join(folder, 'mesh.lock'), 'utf8')).toBe(String(process.pid));
  lock.release();
  expect(existsSync(join(folder, 'mesh.lock'))).toBe(false);
});

it('makes the folder, and for its owner alone', () => {
  const made = join(folder, 'new', '.mesh');
  lockDataDir(made).release();
  expect(statSync(made).mode & 0o777).toBe(0o700);
});

it('is refused while another mesh lives', async () => {
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'mesh'], { stdio: 'ignore' });
  writeFileSync(join(folder, 'mesh.lock'), String(other.pid));
  expect(() => lockDataDir(folder)).toThrow(
    `MESH_ALREADY_RUNNING: A mesh runs on ${folder} already (process ${other.pid}).`,
  );
  const ended = new Promise((resolve) => other.once('exit', resolve));
  other.kill('SIGKILL');
  await ended;
  lockDataDir(folder).release();
});

it('is taken over from another program that was given the same process id', async () => {
  const other = spawn('sleep', ['60'], { stdio: 'ignore' });
  writeFileSync(join(folder, 'mesh.lock'), String(other.pid));
  lockDataDir(folder).release();
  const ended = new Promise((resolve) => other.once('exit', resolve));
  other.kill('SIGKILL');
  await ended;
});

it.each(['', 'nonsense', '999999999'])('is taken over when it holds %j', (content) => {
  writeFileSync(join(folder, 'mesh.lock'), content);
  lockDataDir(folder).release();
});
