import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeTempDir } from '@crm-mesh/testing';

/** A disk of some megabytes that a test can fill. */
export interface SmallDisk {
  path: string;
  /** Takes all the room that there is. */
  fill(): void;
  free(): void;
  remove(): void;
}

const CHUNK = Buffer.alloc(64 * 1_024);

/** Needs the right to mount; says why where that is not given. */
export function makeSmallDisk(sizeMiB: number): SmallDisk | { whyNot: string } {
  const temp = makeTempDir('disk');
  const { path } = temp;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'tmpfs', path], { stdio: 'pipe' });
  } catch (error) {
    temp.remove();
    const { stderr, message } = error as Error & { stderr?: Buffer };
    return { whyNot: `no small disk can be mounted here: ${stderr?.toString().trim() || message}` };
  }
  const ballast = join(path, 'ballast');
  return {
    path,
    fill: () => fillWith(ballast, path),
    free: () => rmSync(ballast, { force: true }),
    remove: () => {
      execFileSync('umount', ['--lazy', path]);
      temp.remove();
    },
  };
}

function fillWith(ballast: string, path: string): void {
  const file = openSync(ballast, 'a');
  try {
    while (statfsSync(path).bavail > 0) writeSync(file, CHUNK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}
